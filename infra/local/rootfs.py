"""Files that make a host itself: written into its overlay before it boots, with the modes the image gives."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_OPS_UID = 1000


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file inside the host."""

    path: str
    text: str
    mode: int = 0o644
    owner: int = 0
    # For a file that a role takes over: a present one that says this much already outlives a reboot as it is.
    keep_if_contains: str | None = None


class Root:
    """The writable layer of a host's root over its images."""

    def __init__(self, upper: Path, lowers: Sequence[Path]) -> None:
        self._upper, self._lowers = upper, list(lowers)

    def put(self, entry: Entry) -> None:
        """Write one file whole; folders above it keep the owner and mode they have in the image."""
        relative = PurePosixPath(entry.path).relative_to("/")
        for parent in reversed(relative.parents[:-1]):
            self._make_like_image(parent)
        target = self._upper / relative
        if entry.keep_if_contains is not None and target.exists() and entry.keep_if_contains in target.read_text():
            return
        target.unlink(missing_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, entry.mode)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(entry.text)
        target.chmod(entry.mode)
        os.chown(target, entry.owner, entry.owner)

    def _make_like_image(self, relative: PurePosixPath) -> None:
        made = self._upper / relative
        if made.is_dir():
            return
        made.mkdir()
        model = next((lower / relative for lower in self._lowers if (lower / relative).is_dir()), None)
        if model:
            made.chmod(model.stat().st_mode & 0o7777)
            os.chown(made, model.stat().st_uid, model.stat().st_gid)


def identity(folder: Path, name: str, authorized_key: str) -> list[Entry]:
    """Return what tells this host from every other: name, machine id, SSH host key, and who may log in."""
    return [
        Entry(path="/etc/hostname", text=f"{name}\n"),
        Entry(path="/etc/machine-id", text=(folder / "machine-id").read_text(), mode=0o444),
        Entry(path="/etc/hosts", text=f"127.0.0.1 localhost\n127.0.1.1 {name}\n", keep_if_contains=""),
        Entry(path="/etc/ssh/ssh_host_ed25519_key", text=(folder / "ssh_host_ed25519_key").read_text(), mode=0o600),
        Entry(path="/etc/ssh/ssh_host_ed25519_key.pub", text=(folder / "ssh_host_ed25519_key.pub").read_text()),
        Entry(
            path="/home/ops/.ssh/authorized_keys",
            text=f"{authorized_key.strip()}\n",
            mode=0o600,
            owner=_OPS_UID,
            keep_if_contains=authorized_key.strip(),
        ),
    ]


def network_file(address: str, prefix_length: int, control_address: str, package_cache: str) -> Entry:
    """Return the host's network: its address, the package cache behind the machine, and no other way out."""
    text = (
        "[Match]\nName=host0\n\n"
        f"[Network]\nAddress={address}/{prefix_length}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n\n"
        f"[Route]\nDestination={package_cache}/32\nGateway={control_address}\n"
    )
    return Entry(path="/etc/systemd/network/10-host0.network", text=text)


def resolver_file(nameserver: str) -> Entry:
    """Return the host's resolver: the stand-in for the internet's DNS, or none."""
    text = f"nameserver {nameserver}\noptions timeout:2 attempts:2\n" if nameserver else ""
    return Entry(path="/etc/resolv.conf", text=text)


def make_key(name: str, folder: Path) -> list[str]:
    """Return the command that makes the host's SSH key."""
    return ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / "ssh_host_ed25519_key")]


def host_key(folder: Path) -> str:
    """Return the public SSH host key, `type base64`, or "" while there is none."""
    public = folder / "ssh_host_ed25519_key.pub"
    return " ".join(public.read_text().split()[:2]) if public.exists() else ""
