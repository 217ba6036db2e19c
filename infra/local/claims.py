"""Proof of ownership: what this project makes on a machine is claimed on disk before it is made.

A claim outlives a kill between "made" and "recorded", so the next run adopts the object. An object of the same
name without a claim is a stranger's and is never touched.
"""

import errno
import json
from contextlib import suppress
from pathlib import Path

from infra import paths
from infra.files import make_private_folder, write_atomically
from infra.local.system import ForeignObjectError


def _file(stack: str, kind: str, name: str) -> Path:
    return paths.stack_dir(stack) / "claims" / f"{kind}-{name}.json"


def claim(stack: str, kind: str, name: str, *, exists: bool) -> None:
    """Record that `name` is ours, or refuse.

    Raises:
        ForeignObjectError: it exists already and no claim of this stack covers it.
    """
    if held(stack, kind, name):
        return
    if exists:
        raise ForeignObjectError(
            f"{kind} {name} exists on this machine and stack {stack} did not make it. "
            "Remove it by hand if it is a leftover, or choose another stack name or subnet."
        )
    target = _file(stack, kind, name)
    make_private_folder(target.parent)
    write_atomically(target, (json.dumps({"stack": stack, "kind": kind, "name": name}) + "\n").encode())


def held(stack: str, kind: str, name: str) -> bool:
    """Whether this stack claimed the object."""
    return _file(stack, kind, name).exists()


def release(stack: str, kind: str, name: str) -> None:
    """Forget a claim once its object is gone. Releasing twice is fine."""
    target = _file(stack, kind, name)
    target.unlink(missing_ok=True)
    prune(target.parent)
    prune(target.parent.parent)


def prune(folder: Path) -> None:
    """Remove a folder if it is there and empty; two removals at once may both try."""
    with suppress(FileNotFoundError, NotADirectoryError):
        try:
            folder.rmdir()
        except OSError as err:
            if err.errno != errno.ENOTEMPTY:
                raise
