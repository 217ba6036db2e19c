"""A host: a real Debian system under systemd-nspawn, with its own root, keys, cgroup, size and network link.

Every decision about local hosts is here; Pulumi's dynamic provider (`infra.local.providers`) and the role tests'
lab are thin shells over it.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra import files, paths
from infra.local import claims, packages, rootfs
from infra.local.cgroups import HostCgroup, Limits
from infra.local.image import lower_dirs
from infra.local.network import BRIDGE, namespace_path
from infra.local.system import LocalError, Machine, System
from infra.local.volume import image_file

# Hosts answer 3-4 s after start on two busy cores; a machine under load needs more. Past this the boot has failed.
_REACHABLE_WITHIN_S = 90.0
_SSH_PORT = 22
# A full stack of idle hosts holds 7 inotify instances each; the kernel's default of 128 is too few for two stacks.
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_NEEDED = 1024


@dataclass(frozen=True, kw_only=True)
class HostSpec:
    """What a host should be. `images` are keys, topmost layer first; `volumes` maps volume names to mount paths."""

    stack: str
    name: str
    address: str
    prefix_length: int
    control_address: str
    images: tuple[str, ...]
    memory_mib: int
    cpus: float
    volumes: dict[str, str]
    authorized_key: str
    nameserver: str = ""


@dataclass(frozen=True, kw_only=True)
class HostState:
    """What a look at the machine found."""

    running: bool
    host_key: str
    spec: HostSpec


class Hosts:
    """Make, boot, look at and remove hosts, and break them on purpose."""

    def __init__(self, system: System | None = None) -> None:
        self._system = system or Machine()

    def ensure(self, spec: HostSpec) -> HostState:
        """Make the host or adopt ours, boot it unless it runs, and wait until SSH answers.

        Raises:
            ForeignObjectError: its folder exists and is not ours.
            LocalError: it cannot boot; the end of its console is in the text.
        """
        folder = host_dir(spec.stack, spec.name)
        claims.claim(spec.stack, "host", spec.name, exists=folder.exists())
        files.make_private_folder(folder)
        seen = self.observe(spec.stack, spec.name)
        if seen and seen.running and seen.spec == spec:
            return seen
        if seen and seen.running and not _needs_boot(seen.spec, spec):
            HostCgroup(spec.stack, spec.name).prepare(Limits(spec.memory_mib, spec.cpus))
            _record(folder, spec)
            return HostState(running=True, host_key=seen.host_key, spec=spec)
        self._cut_power(spec.stack, spec.name)
        self._provision(folder, spec)
        _record(folder, spec)
        self.boot(spec)
        return HostState(running=True, host_key=rootfs.host_key(folder), spec=spec)

    def _provision(self, folder: Path, spec: HostSpec) -> None:
        for name in ("upper", "work", "root", "volumes"):
            (folder / name).mkdir(exist_ok=True, mode=0o755)
        _keep_once(folder / "machine-id", lambda: uuid.uuid4().hex)
        if not (folder / "ssh_host_ed25519_key").exists():
            self._system.run(
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                spec.name,
                "-f",
                str(folder / "ssh_host_ed25519_key"),
            )
        root = rootfs.Root(folder / "upper", lower_dirs(spec.images))
        for entry in rootfs.identity(folder, spec.name, spec.authorized_key):
            root.put(entry)
        root.put(rootfs.network_file(spec.address, spec.prefix_length, spec.control_address, packages.ADDRESS))
        root.put(rootfs.resolver_file(spec.nameserver))

    def boot(self, spec: HostSpec) -> None:
        """Start the host and wait until SSH answers. Raises: LocalError with the end of its console."""
        folder = host_dir(spec.stack, spec.name)
        if not namespace_path(spec.stack).exists():
            raise LocalError(f"the network of stack {spec.stack} is gone; run: boka up --stack {spec.stack}")
        _raise_inotify_limit()
        groups = HostCgroup(spec.stack, spec.name).prepare(Limits(spec.memory_mib, spec.cpus))
        # The kernel takes a dead host's network down when it gets to it; until then its link would be in the way.
        self._system.try_run("ip", "-n", f"boka-{spec.stack}", "link", "delete", f"vb-{spec.stack}-{spec.name}")
        volumes = [f"{image_file(spec.stack, name)}:{path}" for name, path in sorted(spec.volumes.items())]
        launcher = str(Path(__file__).with_name("launch.sh"))
        argv = [
            launcher, f"{spec.stack}-{spec.name}", spec.name, str(namespace_path(spec.stack)),
            ":".join(str(lower) for lower in lower_dirs(spec.images)), str(folder), BRIDGE,
            *(str(group) for group in groups), "--", *volumes,
        ]  # fmt: skip
        with (folder / "console.log").open("wb") as console:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True, cwd="/",
                env={"PATH": os.environ["PATH"]},
            )  # fmt: skip
        self._wait_reachable(spec, process)

    def _wait_reachable(self, spec: HostSpec, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _REACHABLE_WITHIN_S
        while not answers_ssh(spec.address):
            ended = process.poll() is not None
            if ended or time.monotonic() > deadline:
                what = "ended while booting" if ended else f"does not answer SSH within {_REACHABLE_WITHIN_S:.0f} s"
                raise LocalError(
                    f"host {spec.name} ({spec.address}) {what}. Its console ends:\n"
                    f"{_console_tail(spec.stack, spec.name)}"
                )
            time.sleep(0.05)

    def observe(self, stack: str, name: str) -> HostState | None:
        """Return what is there, or None if the host is gone; one outside the stack's network is not running."""
        folder = host_dir(stack, name)
        record = folder / "host.json"
        if not record.exists():
            return None
        known: dict[str, Any] = json.loads(record.read_text())
        known["images"] = tuple(known["images"])
        spec = HostSpec(**known)
        running = HostCgroup(stack, name).populated() and _in_network(stack, name)
        return HostState(running=running, host_key=rootfs.host_key(folder), spec=spec)

    def remove(self, stack: str, name: str) -> None:
        """Kill and remove the host if this stack made it; already gone is success."""
        if not claims.held(stack, "host", name):
            return
        HostCgroup(stack, name).remove()
        if host_dir(stack, name).exists():
            shutil.rmtree(host_dir(stack, name))
        claims.prune(host_dir(stack, name).parent)
        claims.release(stack, "host", name)

    def _cut_power(self, stack: str, name: str) -> None:
        # The groups go too: the kernel (6.18) kills what systemd starts inside a group that was once killed whole.
        HostCgroup(stack, name).remove()

    def kill(self, stack: str, name: str) -> None:
        """Power loss: every process of the host dies at once."""
        self._must_be_ours(stack, name)
        self._cut_power(stack, name)

    def freeze(self, stack: str, name: str, *, frozen: bool) -> None:
        """Hang the host, or let it go on."""
        self._must_be_ours(stack, name)
        HostCgroup(stack, name).freeze(frozen=frozen)

    def connect(self, stack: str, name: str, *, connected: bool) -> None:
        """Pull the host's network cable, or put it back."""
        self._must_be_ours(stack, name)
        self._system.run(
            "ip", "-n", f"boka-{stack}", "link", "set", f"vb-{stack}-{name}", "up" if connected else "down"
        )

    def _must_be_ours(self, stack: str, name: str) -> None:
        if not claims.held(stack, "host", name):
            raise LocalError(f"stack {stack} has no host {name}. See: boka hosts --stack {stack}")


def host_dir(stack: str, name: str) -> Path:
    """Where a host's root and identity lie."""
    return paths.stack_dir(stack) / "hosts" / name


def answers_ssh(address: str) -> bool:
    """Whether an SSH server greets on the address."""
    try:
        with socket.create_connection((address, _SSH_PORT), timeout=1) as connection:
            connection.settimeout(2)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _needs_boot(old: HostSpec, new: HostSpec) -> bool:
    """Whether going from one spec to the other needs a restart: sizes apply while a host runs."""
    resizable = {"memory_mib": 0, "cpus": 0}
    return {**asdict(old), **resizable} != {**asdict(new), **resizable}


def _in_network(stack: str, name: str) -> bool:
    """Whether the host's supervisor lives in the stack's present network namespace."""
    if not namespace_path(stack).exists():
        return False
    wanted = namespace_path(stack).stat().st_ino
    return any(_netns(pid) == wanted for pid in _supervisors(stack, name))


def _supervisors(stack: str, name: str) -> list[str]:
    group = HostCgroup(stack, name).unified
    candidates = [group, group / "supervisor"]
    return [
        pid for at in candidates if (at / "cgroup.procs").exists() for pid in (at / "cgroup.procs").read_text().split()
    ]


def _netns(pid: str) -> int | None:
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except OSError:
        return None


def _record(folder: Path, spec: HostSpec) -> None:
    files.write_atomically(folder / "host.json", (json.dumps(asdict(spec), indent=1) + "\n").encode())


def _keep_once(target: Path, make: Callable[[], str]) -> None:
    if not target.exists():
        files.write_atomically(target, (make() + "\n").encode())


def _console_tail(stack: str, name: str) -> str:
    log = host_dir(stack, name) / "console.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else "(nothing)"


def _raise_inotify_limit() -> None:
    if int(_INOTIFY.read_text()) < _INOTIFY_NEEDED:
        _INOTIFY.write_text(f"{_INOTIFY_NEEDED}\n")
