"""Who prepares a tool right now? One at a time per tool, and a waiting run says whom it waits for."""

import fcntl
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO


@contextmanager
def held(path: Path, report: Callable[[str], None]) -> Generator[None]:
    """Hold the lock; it ends with the process whatever happens to it, so none is ever stale."""
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"waiting for {_owner(handle)}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        _sign(handle)
        yield


def _sign(handle: TextIO) -> None:
    now = datetime.now().astimezone()
    handle.truncate(0)
    handle.write(f"process {os.getpid()} ({' '.join(sys.orig_argv)[:200]}), at it since {now:%H:%M:%S}")
    handle.flush()


def _owner(handle: TextIO) -> str:
    handle.seek(0)
    return handle.read() or "another process that has just begun"
