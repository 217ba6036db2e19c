"""A cgroup of its own for each host: sizes, freezing and power loss.

Works on a hybrid machine (v1 controllers beside a v2 tree) and on a pure v2 one. Without a cgroup of its own,
hosts started outside systemd share `/payload`, and what systemd does to a unit in one host reaches its namesakes.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra.local.system import LocalError

_V1_CONTROLLERS = ("systemd", "memory", "cpu", "pids")
_CPU_PERIOD_US = 100_000
# Enough for a busy database host; a fork bomb ends here instead of at the machine's own limit.
_MAX_TASKS = 4096
_KILL_DEADLINE_S = 15.0


@dataclass(frozen=True)
class Limits:
    """The size of a host."""

    memory_mib: int
    cpus: float


@dataclass(frozen=True)
class Hierarchies:
    """Where this machine mounts its cgroup trees: the v2 tree and the v1 controllers in use (none on pure v2)."""

    v2: Path
    v1: dict[str, Path]


def hierarchies(mounts: str | None = None) -> Hierarchies:
    """Return the machine's cgroup trees. Raises: LocalError when there is no v2 tree."""
    lines = (mounts if mounts is not None else Path("/proc/self/mounts").read_text()).splitlines()
    fields = [line.split() for line in lines]
    v2 = next((Path(at) for _, at, kind, *_ in fields if kind == "cgroup2"), None)
    if v2 is None:
        raise LocalError(
            "this kernel mounts no cgroup v2 tree; hosts need one. "
            "Mount it: mount -t cgroup2 none /sys/fs/cgroup/unified"
        )
    v1 = {Path(at).name: Path(at) for _, at, kind, *_ in fields if kind == "cgroup"}
    return Hierarchies(v2, {name: at for name, at in v1.items() if name in _V1_CONTROLLERS})


class HostCgroup:
    """The cgroups of one host, `boka/<stack>/<host>` in each tree."""

    def __init__(self, stack: str, name: str, trees: Hierarchies | None = None) -> None:
        self._trees = trees or hierarchies()
        self._relative = Path("boka") / stack / name

    @property
    def unified(self) -> Path:
        """The v2 group: membership, freezing and killing happen here."""
        return self._trees.v2 / self._relative

    def _all(self) -> list[Path]:
        return [self.unified, *(at / self._relative for at in self._trees.v1.values())]

    def prepare(self, limits: Limits) -> list[Path]:
        """Make the groups with their limits; return those that the host's first process must join."""
        for folder in self._all():
            _make(folder)
        if self._trees.v1:
            self._limit_v1(limits)
        else:
            self._limit_v2(limits)
        return self._all()

    def _limit_v1(self, limits: Limits) -> None:
        at = {name: tree / self._relative for name, tree in self._trees.v1.items()}
        for controller, key, value in (
            ("memory", "memory.limit_in_bytes", limits.memory_mib * 1024 * 1024),
            ("cpu", "cpu.cfs_quota_us", int(limits.cpus * _CPU_PERIOD_US)),
            ("pids", "pids.max", _MAX_TASKS),
        ):
            if controller in at:
                (at[controller] / key).write_text(str(value))

    def _limit_v2(self, limits: Limits) -> None:
        for parent in reversed(self._relative.parents):
            (self._trees.v2 / parent / "cgroup.subtree_control").write_text("+memory +cpu +pids")
        (self.unified / "memory.max").write_text(str(limits.memory_mib * 1024 * 1024))
        (self.unified / "cpu.max").write_text(f"{int(limits.cpus * _CPU_PERIOD_US)} {_CPU_PERIOD_US}")
        (self.unified / "pids.max").write_text(str(_MAX_TASKS))

    def populated(self) -> bool:
        """Whether any process of the host lives."""
        events = self.unified / "cgroup.events"
        return events.exists() and "populated 1" in events.read_text()

    def freeze(self, *, frozen: bool) -> None:
        """Stop or resume every process of the host, as a hung machine would."""
        (self.unified / "cgroup.freeze").write_text("1" if frozen else "0")

    def frozen(self) -> bool:
        """Whether the host is frozen."""
        events = self.unified / "cgroup.events"
        return events.exists() and "frozen 1" in events.read_text()

    def kill(self) -> None:
        """Take the power away: every process dies at once. Raises: LocalError if some survive."""
        if not self.unified.exists():
            return
        (self.unified / "cgroup.kill").write_text("1")
        deadline = time.monotonic() + _KILL_DEADLINE_S
        while self.populated():
            if time.monotonic() > deadline:
                raise LocalError(
                    f"processes in {self.unified} outlived a kill by {_KILL_DEADLINE_S:.0f} s. "
                    f"Look: cat {self.unified}/cgroup.procs"
                )
            time.sleep(0.02)

    def remove(self) -> None:
        """Kill what lives and remove the groups, and the stack's own ones once they are empty."""
        self.kill()
        for folder in self._all():
            _remove_tree(folder)
            for parent in (folder.parent, folder.parent.parent):
                _prune(parent)


def _make(folder: Path) -> None:
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError:  # the end of another stack removed the empty parent in between
            continue
        return


def _prune(folder: Path) -> None:
    """Remove a group that has no child; another removal may do so at the same time."""
    with suppress(FileNotFoundError):
        if not any(child.is_dir() for child in folder.iterdir()):
            _remove_tree(folder)


def _remove_tree(folder: Path) -> None:
    if not folder.is_dir():
        return
    for child in folder.iterdir():
        if child.is_dir():
            _remove_tree(child)
    deadline = time.monotonic() + _KILL_DEADLINE_S
    while not _removed(folder):  # a v1 controller lets go of dead tasks a moment later
        if time.monotonic() > deadline:
            raise LocalError(f"cgroup {folder} is still busy after {_KILL_DEADLINE_S:.0f} s. Look: cat {folder}/tasks")
        time.sleep(0.02)


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
