"""The hosts' root filesystem: one base image, and one layer of packages for each set of roles.

Images lie in the cache under a key made of everything that goes into them, so two stacks share them and a changed
package set builds a new one. A build happens in a scratch folder and is renamed when it is whole.
"""

import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra import paths
from infra.local import packages
from infra.local.archives import SUITE
from infra.local.system import LocalError, Machine, System

# Raise when the customisation below changes: it is part of every image's key.
REVISION = 1
_BUILD_TIMEOUT_S = 1500
# A build's mounts and processes are its own and end with us, however we end: what a killed build leaves is a folder,
# and removing that reaches nothing but the folder.
_CONTAINED = (
    "setpriv", "--pdeathsig", "KILL",
    "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
)  # fmt: skip
# 220 MB of base and at most 600 MB in the largest layer, twice while a build is renamed.
_NEEDED_BYTES = 2 * 1024**3

BASE_PACKAGES = (
    "ca-certificates", "curl", "dbus", "iproute2", "iputils-ping", "netbase", "nftables", "openssh-server", "openssl",
    "procps", "python3", "python3-apt", "ssl-cert", "sudo", "systemd", "systemd-sysv", "tzdata",
)  # fmt: skip

_CUSTOMISE = r"""
set -eu
root=$1
chroot "$root" useradd --create-home --shell /bin/bash --uid 1000 ops
install -d -m 0700 -o 1000 -g 1000 "$root/home/ops/.ssh"
printf 'ops ALL=(ALL) NOPASSWD: ALL\n' > "$root/etc/sudoers.d/ops"
chmod 0440 "$root/etc/sudoers.d/ops"
chroot "$root" passwd --lock root
# Keys and the machine's id are each host's own, made when it is provisioned.
rm -f "$root"/etc/ssh/ssh_host_*
rm -f "$root/etc/ssl/private/ssl-cert-snakeoil.key" "$root/etc/ssl/certs/ssl-cert-snakeoil.pem"
: > "$root/etc/machine-id"
rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
systemctl --root="$root" enable systemd-networkd.service
# The kernel is the machine's: nothing here may touch its devices, its clock or its first boot.
systemctl --root="$root" mask systemd-firstboot.service systemd-udevd.service e2scrub_reap.service
systemctl --root="$root" mask systemd-networkd-wait-online.service
# Packages come when the operator or unattended-upgrades says so, never at boot.
systemctl --root="$root" disable apt-daily.timer apt-daily-upgrade.timer
# A database package must not make a cluster of its own while an image is built.
install -d "$root/etc/postgresql-common"
printf 'create_main_cluster = false\n' > "$root/etc/postgresql-common/createcluster.conf"
"""

# Daemons that packages enable start with their defaults, before any role has configured them: switch them off in
# the image; the role that owns a daemon enables it.
_LAYER = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive
before=$(systemctl list-unit-files --root=/ --state=enabled --no-legend --plain | cut -d' ' -f1 | sort)
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d
apt-get install --yes --no-install-recommends "$@"
apt-get clean
rm -f /usr/sbin/policy-rc.d /etc/ssh/ssh_host_*
after=$(systemctl list-unit-files --root=/ --state=enabled --no-legend --plain | cut -d' ' -f1 | sort)
for unit in $(printf '%s\n' $before $before $after | sort | uniq -u); do systemctl disable "$unit"; done
"""


@dataclass(frozen=True)
class ImageSpec:
    """A base (no packages) or a layer of packages over it."""

    label: str
    packages: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name in the cache; equal specs have equal keys."""
        content = json.dumps([REVISION, SUITE, BASE_PACKAGES, _CUSTOMISE])
        if self.packages:
            content += json.dumps([sorted(set(self.packages)), _LAYER])
        return f"{self.label}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def folder(key: str) -> Path:
    """Where an image lies."""
    return paths.cache() / "images" / key


@contextmanager
def _build_lock(key: str) -> Generator[None]:
    folder(key).parent.mkdir(parents=True, exist_ok=True)
    with folder(key).with_suffix(".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class Images:
    """Build and look at images."""

    def __init__(self, system: System | None = None) -> None:
        self._system = system or Machine()

    def ensure(self, spec: ImageSpec) -> str:
        """Return the key of the image, built if it is not in the cache. The package cache must be up.

        Raises:
            LocalError: too little disk, or the build failed (mirror unreachable, unknown package).
        """
        if folder(spec.key).is_dir():
            return spec.key
        with _build_lock(spec.key):
            if not folder(spec.key).is_dir():
                self._build(spec)
        return spec.key

    def _build(self, spec: ImageSpec) -> None:
        _refuse_full_disk(folder(spec.key).parent)
        scratch = folder(f".{spec.key}.building")
        shutil.rmtree(scratch, ignore_errors=True)  # what a killed build left
        started = time.monotonic()
        try:
            if spec.packages:
                self._build_layer(spec, scratch)
            else:
                self._build_base(scratch)
        except LocalError as err:
            raise LocalError(f"image {spec.key} failed after {time.monotonic() - started:.0f} s: {err}") from err
        scratch.rename(folder(spec.key))

    def _build_base(self, scratch: Path) -> None:
        scratch.mkdir(parents=True)
        root = scratch / "root"
        sources = [f"deb {uri} {suite} main" for uri, suite in packages.HOST_ARCHIVES.sources()]
        self._system.run(
            *_CONTAINED, "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory",
            f"--include={','.join(BASE_PACKAGES)}",
            '--aptopt=APT::Install-Recommends "false"',
            # The image is rebuilt, never repaired: a torn write costs a build, syncing each file costs half of it.
            '--dpkgopt=force-unsafe-io',
            "--skip=cleanup/apt/lists",
            f"--customize-hook=sh -c {_quoted(_CUSTOMISE)} sh \"$1\"",
            SUITE, str(root), *sources,
            timeout_s=_BUILD_TIMEOUT_S,
        )  # fmt: skip

    def _build_layer(self, spec: ImageSpec, scratch: Path) -> None:
        base = self.ensure(ImageSpec("base"))
        for name in ("root", "work", "merged"):
            (scratch / name).mkdir(parents=True)
        mount = f"lowerdir={folder(base)}/root,upperdir={scratch}/root,workdir={scratch}/work"
        self._system.run(
            *_CONTAINED, "sh", "-euc",
            'mount -t overlay overlay -o "$1" "$2"; mount -t proc proc "$2/proc"; mount --bind /dev "$2/dev"; '
            'script=$3; root=$2; shift 3; exec chroot "$root" sh -c "$script" sh "$@"',
            "sh", mount, str(scratch / "merged"), _LAYER, *sorted(set(spec.packages)),
            timeout_s=_BUILD_TIMEOUT_S,
        )  # fmt: skip
        shutil.rmtree(scratch / "work")
        (scratch / "merged").rmdir()

    def observe(self, key: str) -> bool | None:
        """Return None if the image is not in the cache."""
        return True if folder(key).is_dir() else None


def lower_dirs(keys: Sequence[str]) -> list[Path]:
    """Return overlay lower directories, topmost first."""
    return [folder(key) / "root" for key in keys]


def _quoted(script: str) -> str:
    return "'" + script.replace("'", "'\\''") + "'"


def _refuse_full_disk(where: Path) -> None:
    free = shutil.disk_usage(where).free
    if free < _NEEDED_BYTES:
        raise LocalError(
            f"{where} has {free // 1024**2} MiB free; building an image needs {_NEEDED_BYTES // 1024**2} MiB. "
            "Free some, remove caches with make clean, or set BOKA_CACHE to another disk"
        )
