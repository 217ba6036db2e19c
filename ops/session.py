"""One changing run: the stack's lock, the journal's record and the screen, opened and closed together."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from ops import journal, locks, stacks
from ops.errors import Refused
from ops.journal import Run
from ops.locks import Holder
from ops.screen import Result, Screen
from ops.stacks import Stack


class NotRoot(Refused):
    """Hosts on this machine are made of namespaces, mounts and cgroups, which only root may make."""

    def __init__(self, verb: str) -> None:
        who = f"this is uid {os.getuid()}"
        super().__init__(f"boka {verb} works on hosts of this machine, which needs root; {who}. Use sudo.")


@dataclass(frozen=True, kw_only=True)
class Session:
    """What every step of a run needs."""

    stack: Stack
    screen: Screen
    record: Run

    def finish(self, result: Result) -> None:
        """Write the result out, and its first sentence to the journal."""
        self.record.summary = result.lines()[0]
        self.screen.result(result)


@contextmanager
def opened(name: str, verb: str, *, as_json: bool = False, wait: bool = True) -> Generator[Session]:
    """Hold the stack for the block and record it.

    Raises:
        StackHeld: another run has the stack, and `wait` is false.
        NotRoot: the stack's hosts are on this machine, and this user may not make any.
    """
    stack = stacks.named(name)
    if stack.is_local and os.getuid() != 0:
        raise NotRoot(verb)
    with (
        Screen(as_json=as_json) as screen,
        locks.held(name, verb, wait=wait, on_wait=lambda holder: screen.say(_waiting(name, holder))),
        journal.record(name, verb) as record,
    ):
        try:
            yield Session(stack=stack, screen=screen, record=record)
        except KeyboardInterrupt:
            screen.say(f"Stopped. What was done stays, and boka {verb} goes on from it.")
            raise


def _waiting(stack: str, holder: Holder | None) -> str:
    who = f"boka {holder.verb} (pid {holder.pid})" if holder else "another run"
    return f"waiting for {who}, which works on stack {stack}"
