"""The one door to the machine: run a command, with a deadline and an error that keeps what the tool said."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

# No machine-side command here (ip, mount, mkfs) takes longer than seconds; builders pass their own.
DEFAULT_TIMEOUT_S = 60
_TAIL_LINES = 12


class LocalError(RuntimeError):
    """The local provider could not do what was asked; the text says what, why and the next step."""


class ForeignObjectError(LocalError):
    """Something of this name exists and this stack did not make it."""


class CommandError(LocalError):
    """A tool failed. `output` holds the end of what it printed."""

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        self.argv, self.code = list(argv), code
        self.output = "\n".join(output.strip().splitlines()[-_TAIL_LINES:])
        super().__init__(
            f"{argv[0]} ended with {code}: {self.output or 'it printed nothing'} (command: {' '.join(argv)})"
        )


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str


class System(Protocol):
    """What the host library needs from a machine; tests bring a recording fake."""

    def run(self, *argv: str, timeout_s: float = DEFAULT_TIMEOUT_S, stdin: str | None = None) -> str:
        """Return standard output. Raises: CommandError when the command fails or outlives its deadline."""
        ...

    def try_run(self, *argv: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> Answer:
        """Run a command whose failure is an answer."""
        ...


class Machine:
    """The real machine."""

    def run(self, *argv: str, timeout_s: float = DEFAULT_TIMEOUT_S, stdin: str | None = None) -> str:
        """Return standard output. Raises: CommandError."""
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=timeout_s, input=stdin, check=False, errors="replace"
            )
        except FileNotFoundError as err:
            raise CommandError(argv, 127, f"{argv[0]} is not installed. Run: boka doctor") from err
        except subprocess.TimeoutExpired as err:
            raise CommandError(argv, 124, f"no answer within {timeout_s:.0f} s") from err
        if done.returncode != 0:
            raise CommandError(argv, done.returncode, done.stderr or done.stdout)
        return done.stdout

    def try_run(self, *argv: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> Answer:
        """Run a command whose failure is an answer."""
        try:
            return Answer(0, self.run(*argv, timeout_s=timeout_s))
        except CommandError as err:
            return Answer(err.code, err.output)
