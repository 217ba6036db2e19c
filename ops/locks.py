"""One run at a time changes a stack: a lock that dies with its holder, and says who that is."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from infra import paths
from ops.errors import StackLocked


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, since when (seconds since the epoch)."""

    pid: int
    verb: str
    since: float

    def describe(self, now: float) -> str:
        """Return for example `boka up (pid 712), for 41 s`."""
        return f"boka {self.verb} (pid {self.pid}), for {max(0, now - self.since):.0f} s"


class StackHeld(StackLocked):
    """Another run works on the stack. Facts: `stack`, `holder` (None when it has not said its name yet)."""

    def __init__(self, stack: str, holder: Holder | None) -> None:
        self.stack, self.holder = stack, holder
        who = holder.describe(time.time()) if holder else "another run of boka"
        super().__init__(f"{who} works on stack {stack}. Wait for it, or leave out --no-wait to queue behind it.")


def folder() -> Path:
    """Return where locks are: emptied by a restart of the machine, like their holders."""
    return Path(os.environ.get("BOKA_RUN") or paths.run_dir())


@contextmanager
def held(
    stack: str, verb: str, *, wait: bool = True, on_wait: Callable[[Holder | None], None] | None = None
) -> Generator[None]:
    """Hold the stack's lock for the block; while another run has it, tell `on_wait` once and wait.

    Raises:
        StackHeld: another run has it, and `wait` is false.
    """
    path = folder() / f"{stack}.lock"
    with ExitStack() as opened:
        while True:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            lock = opened.enter_context(path.open("a+", encoding="utf-8"))
            if not _try_lock(lock):
                if not wait:
                    raise StackHeld(stack, read_holder(lock))
                if on_wait:
                    on_wait(read_holder(lock))
                fcntl.flock(lock, fcntl.LOCK_EX)
            # The holder before us removed the file when it was done: a lock on a removed file is one that nobody sees.
            if _is_current(lock, path):
                break
        _write_holder(lock, Holder(os.getpid(), verb, time.time()))
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def holder_of(stack: str) -> Holder | None:
    """Return who works on the stack now, None when nobody does. Takes no lock, so it never stands in a run's way."""
    try:
        with (folder() / f"{stack}.lock").open(encoding="utf-8") as lock:
            holder = read_holder(lock)
    except FileNotFoundError:
        return None
    return holder if holder and Path(f"/proc/{holder.pid}").exists() else None


def read_holder(lock: IO[str]) -> Holder | None:
    """Return who wrote the lock file, None when nobody did or has not finished."""
    lock.seek(0)
    try:
        return Holder(**json.load(lock))
    except (ValueError, TypeError):
        return None


def _is_current(lock: IO[str], path: Path) -> bool:
    try:
        return os.fstat(lock.fileno()).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_holder(lock: IO[str], holder: Holder) -> None:
    lock.truncate(0)
    lock.write(json.dumps(asdict(holder)))
    lock.flush()
