"""How a pinned file comes from outside: the release archive, or a wheel of the Python index."""

import hashlib
import sys
import tarfile
from pathlib import Path

import httpx

from tools.catalog import Release, Tool, Wheel
from tools.errors import ChecksumMismatch, RouteClosed
from tools.run import Runner

# A host that is there answers within a second; where it is refused, the next route should not wait for it.
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 60


def from_release(tool: Tool, recipe: Release, staging: Path) -> None:
    """Download, compare, then take the wanted files out of the archive.

    Raises:
        RouteClosed: the host did not give the file, or the file holds no such members.
        ChecksumMismatch: it gave another file. Nothing was taken out of it.
    """
    archive = staging / "release.tar"
    seen = _download(recipe.url, archive)
    if seen != recipe.sha256:
        raise ChecksumMismatch(tool.name, recipe.url, pinned=recipe.sha256, seen=seen)
    _take_out(tool, recipe, archive, staging / "bin")
    archive.unlink()


def from_wheel(recipe: Wheel, staging: Path, runner: Runner) -> None:
    """Let pip install the one wheel whose checksum is pinned, and link its programs into `bin`."""
    pinned = staging / "requirements.txt"
    pinned.write_text(f"{recipe.requirement} --hash=sha256:{recipe.sha256}\n")
    options = ["--no-deps", "--no-compile", "--only-binary", ":all:", "--require-hashes", "--no-input", "--quiet"]
    target = ["--target", str(staging / "site"), "--requirement", str(pinned)]
    runner([sys.executable, "-m", "pip", "install", *options, *target], cwd=staging)
    for name, place in recipe.links.items():
        (staging / "bin" / name).symlink_to(Path("..") / "site" / place)


def _download(url: str, target: Path) -> str:
    """Write what `url` gives to `target`; returns its sha256."""
    digest = hashlib.sha256()
    timeout = httpx.Timeout(_READ_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S)
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=timeout) as answer, target.open("wb") as file:
            answer.raise_for_status()
            for block in answer.iter_bytes():
                digest.update(block)
                file.write(block)
    except httpx.HTTPError as err:
        raise RouteClosed(f"{url} cannot be had: {str(err).splitlines()[0]}.") from err
    return digest.hexdigest()


def _take_out(tool: Tool, recipe: Release, archive: Path, target: Path) -> None:
    """Copy the declared files only, by name: no path and no mode of the archive reaches the disk."""
    with tarfile.open(archive) as tar:
        for name in tool.files:
            (target / name).write_bytes(_read_member(tar, f"{recipe.folder}/{name}".lstrip("/"), recipe.url))
            (target / name).chmod(0o755)


def _read_member(tar: tarfile.TarFile, member: str, url: str) -> bytes:
    try:
        content = tar.extractfile(member)
    except KeyError:
        content = None
    if content is None:
        raise RouteClosed(f"{url} holds no file {member}.")
    return content.read()
