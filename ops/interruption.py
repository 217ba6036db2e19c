"""Ctrl-C while Pulumi works: it is let end what it has begun, write its state and give its lock back; then we stop.

Its Automation API closes its output when we are interrupted, which kills it in the middle: the lock would stay, and
what it was creating would be known to nobody.
"""

import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def deferred(say: Callable[[str], None]) -> Generator[None]:
    """Have a signal stop us at the end of the block only, and the commands that run in it as soon as they can.

    Raises:
        KeyboardInterrupt: there was one, whatever else the block raised.
    """
    seen: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        if number == signal.SIGTERM or not _is_of_a_terminal():
            _pass_on()  # a terminal sends Ctrl-C to all of us, and a second one would stop Pulumi at once
        if not seen:
            say("stopping: Pulumi ends what it has begun; Ctrl-C once more stops it at once, and leaves its lock")
        seen.append(number)

    before = {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if seen:
            raise KeyboardInterrupt


def _is_of_a_terminal() -> bool:
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def _pass_on() -> None:
    ours = os.getpid()
    for child in Path(f"/proc/{ours}/task/{ours}/children").read_text(encoding="utf-8").split():
        os.kill(int(child), signal.SIGINT)
