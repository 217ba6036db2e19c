"""Removes what a stack keeps on this machine once its hosts are gone, and what no state remembered."""

import shutil
from pathlib import Path

from infra.local.sweep import sweep
from ops import settings
from ops.errors import Refused
from ops.screen import Screen
from ops.secrets import NoSuchEntry, Store
from ops.stacks import Stack

R2_PURPOSES = ("assets", "backup")


class StillMounted(Refused):
    """A host's filesystem is still mounted below the state: removing that would remove what it shows."""

    def __init__(self, mounts: list[str]) -> None:
        super().__init__(f"{len(mounts)} filesystems are still mounted, the first at {mounts[0]}. Run boka down again.")


class Lasting(Refused):
    """A stack in the cloud that is no throwaway: its data is protected on purpose."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(
            f"{stack.settings.name} does not set boka:throwaway, so what holds the data of stack {stack.name} is "
            f"protected. Nothing was changed. To end it for good, take the protection off resource by resource: "
            f"pulumi state unprotect, in the environment of boka env --stack {stack.name}"
        )


def refuse_lasting(stack: Stack) -> None:
    """Let local and throwaway stacks go.

    Raises:
        Lasting: the stack's data must stay.
    """
    if not stack.is_local and not settings.cloud(stack).throwaway:
        raise Lasting(stack)


def empty_buckets(stack: Stack, screen: Screen) -> None:
    """Empty the buckets of a throwaway stack at Cloudflare, which deletes none that holds something. AWS's go anyhow.

    Raises:
        R2Refused: that was not allowed. Nothing else was removed.
    """
    if stack.is_local:
        return
    from infra import naming  # noqa: PLC0415  # loads pydantic
    from ops.cloud import r2  # noqa: PLC0415  # only stacks in a cloud have such

    chosen, store = settings.cloud(stack), Store(stack)
    for purpose in R2_PURPOSES:
        bucket = naming.physical(chosen, purpose)
        try:
            access_key, token = store.get(f"cloudflare/{purpose}_id"), store.get(f"cloudflare/{purpose}")
        except NoSuchEntry:
            continue  # token and bucket are of the base layer, which was not raised or is gone by half
        screen.now(f"emptying {bucket}")
        count = r2.empty(bucket, r2.endpoint(chosen), access_key, token)
        screen.say(f"deleted {count} objects of R2 bucket {bucket}")


def remove_state(stack: Stack) -> None:
    """Remove settings, state, secrets and keys of the stack.

    Raises:
        StillMounted: something in it is in use. Nothing was removed.
    """
    if stack.is_local:
        sweep(stack.name)
    mounts = mounted_below(stack.state, Path("/proc/self/mounts").read_text(encoding="utf-8"))
    if mounts:
        raise StillMounted(mounts)
    if stack.state.exists():
        shutil.rmtree(stack.state)


def mounted_below(folder: Path, table: str) -> list[str]:
    """Return the mount points below a folder, from the text of /proc/self/mounts."""
    points = [line.split()[1] for line in table.splitlines() if line]
    return [point for point in points if Path(point).is_relative_to(folder)]
