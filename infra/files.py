"""Writes files so that nobody ever reads half of one."""

import os
import tempfile
from pathlib import Path


def make_private_folder(folder: Path) -> Path:
    """Make the folder, and what is missing above it, for its owner only; return it."""
    if not folder.exists():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)  # `parents=True` would leave the ones above open to all
    return folder


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace the file at once, durably; on any failure the old one stays as it was."""
    make_private_folder(path.parent)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
