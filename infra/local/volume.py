"""A data volume: a sparse file with an ext4 filesystem of a fixed size, which outlives its host."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from infra import files, paths
from infra.local import claims
from infra.local.system import LocalError, Machine, System

# A sparse file takes only what is written; this much must be there for a database to start at all.
_NEEDED_BYTES = 1024**3


@dataclass(frozen=True)
class VolumeSpec:
    """What a volume should be."""

    stack: str
    name: str
    size_mib: int


def image_file(stack: str, name: str) -> Path:
    """The file that holds the filesystem."""
    return paths.stack_dir(stack) / "volumes" / f"{name}.ext4"


class Volumes:
    """Make, look at and remove volumes."""

    def __init__(self, system: System | None = None) -> None:
        self._system = system or Machine()

    def ensure(self, spec: VolumeSpec) -> None:
        """Make the volume unless it is there; an existing one keeps its data.

        Raises:
            ForeignObjectError: the file exists and is not ours.
            LocalError: too little disk.
        """
        target = image_file(spec.stack, spec.name)
        claims.claim(spec.stack, "volume", spec.name, exists=target.exists())
        if target.exists():
            return
        files.make_private_folder(target.parent)
        free = shutil.disk_usage(target.parent).free
        if free < _NEEDED_BYTES:
            raise LocalError(
                f"{target.parent} has {free // 1024**2} MiB free; volume {spec.name} needs at least "
                f"{_NEEDED_BYTES // 1024**2}. Free some disk"
            )
        scratch = target.with_suffix(".making")
        with scratch.open("wb") as handle:
            handle.truncate(spec.size_mib * 1024 * 1024)
        scratch.chmod(0o600)
        # Lazy initialisation leaves a background thread in the kernel per mount; a sparse file reads as zeros anyway.
        self._system.run(
            "mkfs.ext4",
            "-q",
            "-F",
            "-m",
            "0",
            "-E",
            "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
            "-L",
            spec.name[:16],
            str(scratch),
        )
        scratch.replace(target)

    def observe(self, stack: str, name: str) -> int | None:
        """Return the size in MiB, or None if the volume is gone."""
        target = image_file(stack, name)
        return target.stat().st_size // (1024 * 1024) if target.exists() else None

    def remove(self, stack: str, name: str) -> None:
        """Remove the volume and its data if this stack made it; already gone is success."""
        if not claims.held(stack, "volume", name):
            return
        target = image_file(stack, name)
        target.with_suffix(".making").unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        claims.prune(target.parent)
        claims.release(stack, "volume", name)
