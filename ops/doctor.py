"""What a machine must have to raise a local stack, what this one has, and the command that gets what is missing.

What the accounts of a stack in the cloud must have is asked in `ops/cloud/doctor.py`.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra import paths
from ops.errors import Refused
from ops.stacks import CHECKOUT

# A full stack fills about 3 GiB of disk and 3 GiB of memory; its caches (image, packages, tools) take 3 GiB more.
DISK_GIB, MEMORY_GIB = 8, 4
_GIB = 1024**3
_MARKS = {True: "ok     ", False: "MISSING"}
_PACKAGES = CHECKOUT / "tools" / "apt-packages.txt"
_TRY_NETWORK = "ip link add name b0 type bridge && ip link add name v0 type veth peer name v1 && nft add table inet x"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One need: what was seen, and how to meet it (empty when it is met)."""

    need: str
    seen: str
    cure: str = ""

    @property
    def good(self) -> bool:
        """Nothing is missing."""
        return not self.cure


@dataclass(frozen=True, kw_only=True)
class Examination:
    """All findings, the unmet ones told first. `fit` is what is said when there are none, `then` what comes next."""

    findings: list[Finding]
    fit: str = "This machine can raise a local stack"
    then: str = "boka up"

    @property
    def good(self) -> bool:
        """Every need is met."""
        return all(finding.good for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return {"good": self.good, "findings": [asdict(finding) | {"good": finding.good} for finding in self.findings]}

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        bad = [finding for finding in self.findings if not finding.good]
        told = f"{len(bad)} of {len(self.findings)} needs are not met" if bad else self.fit
        rows = [f"  {_MARKS[finding.good]} {finding.need}: {finding.seen}" for finding in self.findings]
        cures = [f"  {finding.cure}" for finding in bad]
        return [f"{told}.", *rows, *(["To do:", *cures] if cures else [f"Next: {self.then}"])]


class MachineUnfit(Refused):
    """The kernel or the system lacks what every host needs. Facts: `findings`, the unmet ones."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        told = " ".join(f"{finding.need}: {finding.seen}. To do: {finding.cure}" for finding in findings)
        super().__init__(f"this machine cannot boot hosts. {told} All needs: boka doctor")


def refuse_unfit() -> None:
    """Look for what no later step could get: costs milliseconds.

    Raises:
        MachineUnfit: something is missing. Nothing was changed.
    """
    unmet = [finding for finding in (look() for look in (system, overlayfs, cgroups, network)) if not finding.good]
    if unmet:
        raise MachineUnfit(unmet)


def examine() -> Examination:
    """Look at this machine. Changes nothing."""
    return Examination(findings=[look() for look in _LOOKS] + tools_findings())


def system() -> Finding:
    """Linux on x86-64, with apt."""
    seen = f"{platform.system()} {platform.machine()}, {'apt' if shutil.which('apt-get') else 'no apt'}"
    fine = seen == "Linux x86_64, apt"
    return Finding(
        need="Linux x86-64 with apt", seen=seen, cure="" if fine else "Use a Debian 12+ or Ubuntu 24.04 machine."
    )


def root() -> Finding:
    """Namespaces, mounts and cgroups are root's."""
    return Finding(need="root", seen=f"uid {os.getuid()}", cure="" if os.getuid() == 0 else "Use sudo.")


def python() -> Finding:
    """The Python that runs this."""
    fine = sys.version_info >= (3, 11)
    return Finding(
        need="Python 3.11 or newer", seen=platform.python_version(), cure="" if fine else "Install python3.11."
    )


def overlayfs() -> Finding:
    """Each host is an overlay on a shared image."""
    listed = "\toverlay" in Path("/proc/filesystems").read_text(encoding="utf-8")
    if listed or _is_loadable("overlay"):  # the first mount loads it
        return Finding(need="overlayfs", seen="present" if listed else "a module that loads when it is needed")
    return Finding(need="overlayfs", seen="not in /proc/filesystems", cure="Use a kernel with overlayfs.")


def _is_loadable(module: str) -> bool:
    modprobe = shutil.which("modprobe")
    return bool(modprobe) and subprocess.run([modprobe, "--dry-run", "--quiet", module], check=False).returncode == 0


def cgroups() -> Finding:
    """Each host has a cgroup of its own: version 2, alone or beside version 1."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    options = [line.split()[3].split(",") for line in mounts if line.split()[2] in {"cgroup2", "cgroup"}]
    writable = [option for option in options if "rw" in option]
    has_second = any(line.split()[2] == "cgroup2" for line in mounts)
    cure = "" if has_second and writable else "Mount cgroup2 read-write, or run outside of an unprivileged container."
    return Finding(need="writable cgroups, version 2", seen=f"{len(writable)} writable hierarchies", cure=cure)


def network() -> Finding:
    """Bridges, veth pairs and nftables in a network namespace that ends with the question."""
    argv = ["unshare", "--net", "sh", "-c", _TRY_NETWORK]
    if os.getuid() != 0:
        return Finding(need="network namespaces, bridges, nftables", seen="not tried without root", cure="Use sudo.")
    tried = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10)
    seen = "tried" if tried.returncode == 0 else tried.stderr.strip()
    cure = "" if tried.returncode == 0 else "apt-get install iproute2 nftables; modprobe -a bridge veth nf_tables"
    return Finding(need="network namespaces, bridges, nftables", seen=seen, cure=cure)


def inotify() -> Finding:
    """Seven instances a host; `boka up` raises the limit itself where it may."""
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    fine = int(limit.read_text()) >= 128 or os.access(limit, os.W_OK)  # noqa: PLR2004  # the kernel's default
    cure = "" if fine else "sysctl fs.inotify.max_user_instances=1024"
    return Finding(need="inotify instances", seen=limit.read_text().strip(), cure=cure)


def memory() -> Finding:
    """What is free for hosts."""
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")) / _GIB
    cure = "" if free >= MEMORY_GIB else "Free some memory, or set boka:profile: small."
    return Finding(need=f"{MEMORY_GIB} GiB of free memory", seen=f"{free:.1f} GiB", cure=cure)


def disk() -> Finding:
    """What is free where hosts and caches are."""
    folder = next(folder for folder in (paths.home(), *paths.home().parents) if folder.exists())
    free = shutil.disk_usage(folder).free / _GIB
    cure = (
        "" if free >= DISK_GIB else f"Free some disk below {folder}, or set BOKA_HOME and BOKA_CACHE to a larger one."
    )
    return Finding(need=f"{DISK_GIB} GiB of free disk", seen=f"{free:.1f} GiB in {folder}", cure=cure)


def packages() -> Finding:
    """Debian packages of the machine itself, by the list that the bootstrap installs from."""
    wanted = [line.split("#")[0].strip() for line in _PACKAGES.read_text(encoding="utf-8").splitlines()]
    missing = [name for name in wanted if name and not _is_installed(name)]
    cure = f"apt-get install --no-install-recommends {' '.join(missing)}" if missing else ""
    return Finding(need="Debian packages", seen=f"missing: {', '.join(missing)}" if missing else "all", cure=cure)


def _is_installed(package: str) -> bool:
    argv = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", package]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout == "installed"


def tools_findings() -> list[Finding]:
    """Pinned outside tools. A missing one is got by `boka up` itself, so it is no cause to stop."""
    import tools  # noqa: PLC0415  # loads pydantic

    return [
        Finding(need=f"{tool.name} {tool.wanted}", seen=str(tool.bin) if tool.bin else _would_come(tool))
        for tool in tools.status()
    ]


def _would_come(tool: Any) -> str:  # noqa: ANN401  # tools.ToolStatus, kept out of the imports
    return f"boka up gets it, by {', then '.join(tool.would_try) or 'no known way'}"


_LOOKS: tuple[Callable[[], Finding], ...] = (
    system, root, python, overlayfs, cgroups, network, inotify, memory, disk, packages,
)  # fmt: skip
