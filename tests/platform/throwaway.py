"""A throwaway stack and the ways to act on it: the `boka` command, a bare `pulumi`, and a shell on its hosts."""

import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import handover, paths
from infra.local.host import Hosts

REPOSITORY = Path(__file__).parents[2]
BOKA = str(Path(sys.executable).with_name("boka"))


@dataclass(frozen=True)
class ThrowawayStack:
    """One stack of a test, known by its name alone, as to any operator."""

    name: str

    def boka(self, *argv: str, expect: int = 0, timeout_s: float = 1200) -> str:
        """Run a `boka` command and return its standard output; another exit code fails the test with all it said."""
        done = subprocess.run(
            [BOKA, *argv, "--stack", self.name], cwd=REPOSITORY, capture_output=True, text=True,
            timeout=timeout_s, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        told = f"{done.stdout}\n{done.stderr}"
        assert done.returncode == expect, f"boka {' '.join(argv)} ended with {done.returncode}\n{told}"
        return done.stdout if expect == 0 else done.stderr

    def run(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        """Run a `boka` command as it was typed and return what became of it."""
        return subprocess.run(
            [BOKA, *argv], cwd=REPOSITORY, capture_output=True, text=True, timeout=600, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def make(self, target: str, *variables: str) -> str:
        """Run a target of the Makefile on this stack."""
        argv = ["make", "--no-print-directory", target, f"STACK={self.name}", *variables]
        done = subprocess.run(
            argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=1800, check=False, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, f"{' '.join(argv)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def forwarded(self, port: int) -> Iterator[dict[str, Any]]:
        """Run `boka open` for the block; the value is what it tells the browser."""
        argv = [BOKA, "open", "--stack", self.name, "--port", str(port), "--json"]
        with subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as forward:
            try:
                assert forward.stdout is not None
                text = ""
                while not text.rstrip().endswith("}"):
                    text += forward.stdout.readline()
                yield json.loads(text)
            finally:
                forward.send_signal(signal.SIGINT)

    def boka_json(self, *argv: str) -> Any:
        """Run a `boka` command with --json."""
        return json.loads(self.boka(*argv, "--json"))

    def environment(self) -> dict[str, str]:
        """What `boka env` exports, over this process's own environment."""
        exports = [line.removeprefix("export ") for line in self.boka("env").splitlines()]
        return {**os.environ, **dict(shlex.split(line)[0].split("=", 1) for line in exports)}

    def pulumi(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a bare `pulumi` on the stack, with its own settings file."""
        settings = paths.stack_dir(self.name) / f"Pulumi.{self.name}.yaml"
        return subprocess.run(
            ["pulumi", *argv, "-s", self.name, "--config-file", str(settings), "--non-interactive"], cwd=REPOSITORY,
            env=self.environment(), capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def ssh(self, host: str, command: str, expect: int = 0) -> str:
        """Run a shell command on a host and return what it printed."""
        argv = [BOKA, "ssh", "--stack", self.name, host, "--", "sh", "-c", command]
        done = subprocess.run(
            argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL
        )
        assert done.returncode == expect, f"{host}: {command}\nended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    @property
    def facts(self) -> handover.StackFile:
        """The stack file."""
        return handover.read(self.name)

    def kill(self, host: str) -> None:
        """Take a host's power away."""
        Hosts().kill(self.name, host)


def new_stack() -> ThrowawayStack:
    """Return a stack of a name that nobody has yet; it does not exist until it is raised."""
    return ThrowawayStack(f"t{secrets.token_hex(2)}")


def eventually(ask: Callable[[], Any], *, within_s: float, every_s: float = 0.2) -> Any:
    """Return the first true answer of `ask`, or fail with the last one after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    answer = ask()
    while not answer:
        assert time.monotonic() < deadline, f"still {answer!r} after {within_s} s"
        time.sleep(every_s)
        answer = ask()
    return answer
