"""How a long command of a route runs: quietly, with a sign of life, and with its last words kept if it fails."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from tools.errors import CommandFailed

Report = Callable[[str], None]

# Often enough to see that it lives, seldom enough to keep a log short.
_SIGN_OF_LIFE_S = 30
_TAIL_LINES = 12


def to_stderr(text: str) -> None:
    """Say one line of progress."""
    sys.stderr.write(f"tools: {text}\n")
    sys.stderr.flush()


class Runner(Protocol):
    """Runs one command to its end and returns what it said."""

    def __call__(self, argv: list[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
        """Raises `CommandFailed` unless the command ends with 0."""
        ...


def runner(log: Path, report: Report) -> Runner:
    """A `Runner` that appends both outputs to `log` and reports the time that goes by."""

    def run(argv: list[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
        with log.open("a+") as said:
            start = said.tell()
            said.write(f"$ {' '.join(argv)}\n")
            said.flush()
            body = said.tell()
            code = _wait(argv, cwd=cwd, environment=environment, said=said.fileno(), report=report)
            said.seek(body if code == 0 else start)
            text = said.read()
        if code != 0:
            raise CommandFailed(argv, code, "\n".join(text.splitlines()[1:][-_TAIL_LINES:]))
        return text

    return run


def _wait(argv: list[str], *, cwd: Path, environment: Mapping[str, str] | None, said: int, report: Report) -> int:
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            argv, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
    except OSError as err:
        raise CommandFailed(argv, 127, str(err)) from err
    try:
        while True:
            try:
                return process.wait(timeout=_SIGN_OF_LIFE_S)
            except subprocess.TimeoutExpired:
                report(f"still at it, {time.monotonic() - began:.0f} s")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
