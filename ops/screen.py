"""How `boka` talks: progress on stderr (a moving line on a terminal, plain lines elsewhere), the result on stdout."""

import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from ops.errors import Refused

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

QUIET_LIMIT_S = 15  # after this long without a line, a pipe gets one that says what is being waited for


class Result(Protocol):
    """What a verb ends with."""

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        ...

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        ...


class NotConfirmed(Refused):
    """The user did not type the stack's name."""

    def __init__(self, stack: str, typed: str) -> None:
        super().__init__(f'"{typed}" is not the stack\'s name, {stack}. Nothing was changed. Type it, or pass --yes.')


class Screen:
    """One run's voice. Use as a context manager, so that the moving line is gone when the block ends."""

    def __init__(self, *, as_json: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._as_json = as_json
        self._out, self._err = out or sys.stdout, err or sys.stderr
        self._started = self._last_line = time.monotonic()
        self._doing = ""
        self._moving: _MovingLine | None = None
        self._ended = threading.Event()

    def __enter__(self) -> "Screen":
        if self._err.isatty():
            self._moving = _MovingLine()
        else:
            threading.Thread(target=self._break_silence, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._moving:
            self._moving.stop()

    def say(self, text: str) -> None:
        """Write one line of progress, with the seconds since the start."""
        self._last_line = time.monotonic()
        line = f"[{self._last_line - self._started:4.0f} s] {text}"
        if self._moving:
            self._moving.print_above(line)
        else:
            self._err.write(f"{line}\n")
            self._err.flush()

    def now(self, text: str) -> None:
        """Tell what is being worked on: the moving line on a terminal, a line every 15 s elsewhere."""
        if text != self._doing:
            self._doing = text
            if self._moving:
                self._moving.show(text)

    def confirm(self, stack: str, *, yes: bool) -> None:
        """Ask for the stack's name before something is lost.

        Raises:
            NotConfirmed: another text was typed.
        """
        if yes:
            return
        if self._moving:
            self._moving.stop()  # it would draw over the question; the next thing to be done starts it again
        self._err.write(f"Type the stack's name ({stack}) to go on: ")
        self._err.flush()
        typed = sys.stdin.readline().strip()
        if typed != stack:
            raise NotConfirmed(stack, typed)

    def result(self, result: Result) -> None:
        """Write what came out: sentences, or JSON."""
        if self._moving:
            self._moving.stop()
        text = json.dumps(result.as_json(), indent=2) if self._as_json else "\n".join(result.lines())
        self._out.write(f"{text}\n")
        self._out.flush()

    def _break_silence(self) -> None:
        while not self._ended.wait(1):
            if self._doing and time.monotonic() - self._last_line >= QUIET_LIMIT_S:
                self.say(f"still at: {self._doing}")


class _MovingLine:
    """The last line of a terminal: a spinner, what is being done, for how long."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def show(self, text: str) -> None:
        if self._progress is None:
            self._progress, self._task = _start_progress()
        if self._task is not None:
            self._progress.update(self._task, description=text)

    def print_above(self, line: str) -> None:
        if self._progress is None:
            self._progress, self._task = _start_progress()
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def stop(self) -> None:
        if self._progress:
            self._progress.stop()
            self._progress = None


def _start_progress() -> "tuple[Progress, TaskID]":
    from rich.console import Console  # noqa: PLC0415  # 0.1 s that only a terminal pays
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415  # same

    columns = (SpinnerColumn("line"), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4)
    progress.start()
    return progress, progress.add_task("")
