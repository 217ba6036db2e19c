"""Builds the booking service into one file that a host can install without a network: `<release>.tar`.

It holds the hosts' wheels, requirements.txt with their hashes, and manifest.json. The release is named by what goes in
(version and digest of sources and locked dependencies), so the same checkout is the same release and is built once.
`python -m ops.artefact` prints it.
"""

import fcntl
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra import paths
from ops.errors import RunFailed
from ops.requirements import HOST_PYTHON, LockUnreadable, locked
from ops.stacks import CHECKOUT

PROJECT = "boka-app"
RECIPE = "1"  # part of the digest: raise it when this file makes something else of the same sources
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
ABIS = (f"cp{HOST_PYTHON.replace('.', '')}", "abi3", "none")
EPOCH = "1767225600"  # 2026-01-01: archives carry no time of their own, so the same input gives the same bytes
_TAIL_LINES = 8


@dataclass(frozen=True, slots=True)
class Artefact:
    """A built release: its name, its file and that file's SHA-256."""

    release: str
    path: Path
    sha256: str


def build(checkout: Path, cache: Path) -> Artefact:
    """Return the artefact of this checkout, built into `cache`/artefacts unless it is there and whole.

    Raises:
        RunFailed: the lock file cannot be read, or a wheel cannot be fetched or built. Nothing is left half written.
    """
    folder = cache / "artefacts"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        requirements = locked((checkout / "uv.lock").read_text(encoding="utf-8"), PROJECT)
    except LockUnreadable as err:
        raise RunFailed(str(err)) from err
    release = name_release(checkout / "app", requirements)
    path = folder / f"{release}.tar"
    with _locked(folder / ".lock"):
        if not _is_whole(path):
            _make(checkout / "app", requirements, release, path)
    return Artefact(release, path, _sum_path(path).read_text(encoding="ascii").strip())


def name_release(app: Path, requirements: str) -> str:
    """Return `<version>-<8 hex>`: the same for the same sources and dependencies, whatever machine asks."""
    digest = hashlib.sha256(f"{RECIPE}\n{HOST_PYTHON}\n{requirements}".encode())
    for file in _sources(app):
        digest.update(f"{file.relative_to(app)}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    version = tomllib.loads((app / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return f"{version}-{digest.hexdigest()[:8]}"


def _sources(app: Path) -> list[Path]:
    found = (file for file in (app / "src").rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return [app / "pyproject.toml", *sorted(found)]


def _make(app: Path, requirements: str, release: str, path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{release}.", dir=path.parent) as temporary:
        work = Path(temporary)
        wheels = work / "wheels"
        listed = work / "requirements.txt"
        listed.write_text(requirements, encoding="utf-8")
        _fetch(listed, wheels)
        own = _build_wheel(app, work)
        shutil.move(own, wheels / own.name)
        text = requirements + f"{PROJECT}=={own.name.split('-')[1]} --hash=sha256:{_sha256(wheels / own.name)}\n"
        _write(path, release, text, sorted(wheels.iterdir()))


def _fetch(requirements: Path, wheels: Path) -> None:
    targets = [f"--platform={platform}" for platform in PLATFORMS] + [f"--abi={abi}" for abi in ABIS]
    _pip(
        "download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--implementation=cp",
        f"--python-version={HOST_PYTHON}", *targets, f"--requirement={requirements}", f"--dest={wheels}",
    )  # fmt: skip


def _build_wheel(app: Path, work: Path) -> Path:
    """Build from a copy: a build backend may leave files beside the sources."""
    copy, out = work / "app", work / "own"
    shutil.copytree(app, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "dist"))
    _pip("wheel", "--no-deps", f"--wheel-dir={out}", str(copy))
    (own,) = out.iterdir()
    return own


def _pip(*words: str) -> None:
    argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input", *words]
    environment = dict(os.environ) | {"SOURCE_DATE_EPOCH": EPOCH}
    done = subprocess.run(argv, env=environment, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-_TAIL_LINES:])
        msg = (
            f"pip {words[0]} ended with {done.returncode}, so there is no artefact to deploy. It said:\n{tail}\n"
            "Wheels come from the Python package index: look whether this machine reaches it."
        )
        raise RunFailed(msg)


def _write(path: Path, release: str, requirements: str, wheels: list[Path]) -> None:
    manifest = {
        "release": release,
        "python": HOST_PYTHON,
        "wheels": {wheel.name: _sha256(wheel) for wheel in wheels},
    }
    contents = {
        "manifest.json": json.dumps(manifest, indent=2, sort_keys=True).encode() + b"\n",
        "requirements.txt": requirements.encode(),
        **{f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels},
    }
    new = path.with_suffix(".new")
    with tarfile.open(new, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), int(EPOCH), 0o644
            tar.addfile(entry, io.BytesIO(content))
    _sum_path(path).write_text(_sha256(new) + "\n", encoding="ascii")
    new.replace(path)


def _is_whole(path: Path) -> bool:
    """Tell whether the file is the one that was written: a cache may be cut off by a full disk."""
    sums = _sum_path(path)
    return path.exists() and sums.exists() and _sha256(path) == sums.read_text(encoding="ascii").strip()


def _sum_path(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)  # two runs: the second waits and finds the file made
        yield


if __name__ == "__main__":
    made = build(CHECKOUT, paths.cache())
    print(made.release, made.path, made.sha256)  # noqa: T201  the result is for stdout
