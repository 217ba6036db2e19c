"""What a killed run of Pulumi leaves in a stack's `file://` backend: its lock, and creations that never ended."""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops.errors import StackLocked
from ops.stacks import Stack


@dataclass(frozen=True, slots=True)
class PulumiLock:
    """One lock file of the backend and the process that made it."""

    path: Path
    pid: int
    hostname: str


class LockOfAnotherMachine(StackLocked):
    """A lock was made on a machine whose processes cannot be seen from here."""

    def __init__(self, lock: PulumiLock) -> None:
        super().__init__(
            f"pulumi on {lock.hostname} (pid {lock.pid}) holds {lock.path}; this machine is {socket.gethostname()}, "
            f"so whether it still runs cannot be seen. If it does not: pulumi cancel"
        )


def dead_locks(stack: Stack, say: Callable[[str], None]) -> list[PulumiLock]:
    """Return the locks of processes that are gone, having waited for those that still work.

    Raises:
        LockOfAnotherMachine: it cannot be known whether the owner is gone.
    """
    locks = [_read(path) for path in sorted((stack.pulumi / ".pulumi" / "locks").glob("**/*.json"))]
    for lock in locks:
        if lock.hostname != socket.gethostname():
            raise LockOfAnotherMachine(lock)
        if is_pulumi(lock.pid):
            say(f"waiting for the pulumi of an earlier run to end (pid {lock.pid})")
            _wait_for_end(lock.pid)
    return [lock for lock in locks if lock.path.exists()]


# What the engine starts beside it and does not see its end: the program's host, the dynamic provider, the policies.
_PLUGINS = (b"pulumi-language-python", b"pulumi-resource-pulumi-python", b"infra.policy.pack")


def end_orphaned_plugins(stack: Stack) -> list[int]:
    """End the plugins of this stack whose engine was killed; return the numbers of their processes.

    A plugin ends only when its engine tells it to. Its environment says which stack it served.
    """
    ended: list[int] = []
    for plugin in _plugins_with(f"BOKA_STACK={stack.name}".encode()):
        if b"pulumi" in _command_line(_parent(plugin)):
            continue  # its engine lives
        for pid in (*_children(plugin), plugin):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
                ended.append(pid)
    return ended


def _plugins_with(setting: bytes) -> list[int]:
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and any(name in _command_line(int(folder.name)) for name in _PLUGINS):
            with contextlib.suppress(OSError):
                if setting in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
    except OSError:
        return []


def mend_torn_files(stack: Stack) -> list[Path]:
    """Undo writes that a kill cut short; return the files that were mended. Nobody may be writing.

    The backend writes its files in place: the state beside a copy of the one before (`.bak`), and to each file an
    `.attrs` of its own, without which it is read just as well.
    """
    folder = stack.pulumi / ".pulumi"
    torn = [path for path in folder.glob("**/*") if path.name.endswith((".tmp", ".attrs", ".json")) and _is_torn(path)]
    for path in torn:
        before = path.with_name(f"{path.name}.bak")
        path.unlink()
        if path.suffix == ".json" and before.exists() and not _is_torn(before):
            shutil.copyfile(before, path)
    return torn


def _is_torn(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return True
    return path.suffix == ".tmp"


def has_pending_creates(stack: Stack) -> bool:
    """Tell whether the state names creations that began and never ended."""
    for path in (stack.pulumi / ".pulumi" / "stacks").glob(f"**/{stack.name}.json"):
        deployment: dict[str, list[dict[str, str]]] = (
            json.loads(path.read_text(encoding="utf-8")).get("checkpoint", {}).get("latest") or {}
        )
        if any(pending.get("type") == "creating" for pending in deployment.get("pending_operations", [])):
            return True
    return False


def _read(path: Path) -> PulumiLock:
    content = json.loads(path.read_text(encoding="utf-8"))
    return PulumiLock(path, int(content["pid"]), str(content["hostname"]))


def is_pulumi(pid: int) -> bool:
    """Tell whether the process lives and is a pulumi: a number may have gone to somebody else since."""
    return b"pulumi" in _command_line(pid)


def _wait_for_end(pid: int) -> None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        select.select([handle], [], [])
    finally:
        os.close(handle)
