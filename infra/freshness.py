"""Whether a stack file is the one that the stack's last update wrote, by the fingerprint in Pulumi's state."""

import json
from pathlib import Path
from typing import Any

from infra import paths
from infra.handover import StackFile, StackFileError

_TYPE = "pulumi-python:dynamic/boka:StackFile"


def state_file(stack: str) -> Path:
    """Pulumi's checkpoint of a stack whose state lies on this machine."""
    return paths.stack_dir(stack) / "pulumi" / ".pulumi" / "stacks" / "boka" / f"{stack}.json"


def recorded_fingerprint(checkpoint: dict[str, Any]) -> str | None:
    """Return the fingerprint the checkpoint holds, or None if it knows no stack file."""
    latest: dict[str, Any] = checkpoint.get("checkpoint", {}).get("latest") or {}
    resources: list[dict[str, Any]] = latest.get("resources") or []
    found = [one.get("outputs", {}).get("fingerprint") for one in resources if one.get("type") == _TYPE]
    return found[0] if found else None


def refuse_stale(found: StackFile) -> None:
    """Compare with the state where this machine has it; a lab or a remote state has nothing to compare with.

    Raises:
        StackFileError: the file is not what the last update wrote.
    """
    checkpoint = state_file(found.stack)
    if not checkpoint.exists():
        return
    recorded = recorded_fingerprint(json.loads(checkpoint.read_text()))
    if recorded != found.fingerprint():
        raise StackFileError(
            f"{paths.stack_file(found.stack)} is stale: it is not what the last update of stack {found.stack} wrote. "
            f"Run: boka up --stack {found.stack}"
        )
