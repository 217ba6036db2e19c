"""The reviewed picture of a graph: tests/infra/cloud/golden/<name>.json. `BOKA_WRITE_GOLDEN=1` writes it anew.

A change of a picture is a change of what exists: read its diff like a preview.
"""

import json
import os
from pathlib import Path
from typing import Any

from recorder import Graph, Registered

FOLDER = Path(__file__).parent / "golden"


def picture(graph: Graph) -> dict[str, Any]:
    """The graph as JSON: type and name to what review needs; no secret, no noise."""
    return {key(one): _facts(one) for one in sorted(graph.resources, key=key)}


def key(one: Registered) -> str:
    """Type, component and name: what the engine knows a resource by."""
    inside = (
        one.parent.rsplit("::", 1)[-1] if any(kind in one.parent for kind in ("boka:aws", "boka:cloudflare")) else ""
    )
    return f"{one.type} {inside}/{one.name}"


def _facts(one: Registered) -> dict[str, Any]:
    inputs = {
        key: "[secret]" if key in one.secret_inputs else _readable(value)
        for key, value in sorted(one.inputs.items())
        if key not in ("__provider", "tags")  # tags have a test of their own
    }
    facts = {
        "inputs": inputs,
        "provider": one.provider,
        "protect": one.protect,
        "retain": one.retain,
        "aliases": list(one.aliases),
        "ignores": list(one.ignored),
        "deletes first": one.delete_first,
    }
    return {key: value for key, value in facts.items() if value}


def _readable(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith("{") and '"' in value[:4] else value


def compare(name: str, found: object) -> None:
    """Hold `found` against the committed picture, or write it when asked to."""
    path = FOLDER / f"{name}.json"
    text = json.dumps(found, indent=1, sort_keys=True) + "\n"
    if os.environ.get("BOKA_WRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text(), f"{path.name} differs: read the diff after BOKA_WRITE_GOLDEN=1 pytest {__file__}"


def compare_grown(name: str, present: list[str], excused: list[str]) -> None:
    """Hold a list that only grows against what is present: what was ever in it is there, or is excused."""
    path = FOLDER / f"{name}.json"
    ever = json.loads(path.read_text()) if path.exists() else []
    if os.environ.get("BOKA_WRITE_GOLDEN"):
        ever = sorted({*ever, *present})
        path.write_text(json.dumps(ever, indent=1) + "\n")
    assert set(present) <= set(ever), (
        f"{path.name} lacks {sorted(set(present) - set(ever))}: BOKA_WRITE_GOLDEN=1 pytest"
    )
    assert set(ever) - set(present) <= set(excused), f"{path.name}: {sorted(set(ever) - set(present))} would be lost"
