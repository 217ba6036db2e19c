"""From an exported state (`pulumi stack export`) to what rules see. Pure.

A secret's value is encrypted there, so it is not known; that it is a secret is.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from infra.policy.model import UNKNOWN, Resource, Stack, Value, stage_of

_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
# What Pulumi writes for a value that is not known yet, one a kind of value. Source: pulumi, sdk/go/common/resource.
NOT_KNOWN_YET = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
Json = dict[str, Any]


class StateUnreadable(Exception):
    """A file is no exported state."""


def read(text: str, *, throwaway: bool = False) -> Stack:
    """Return the stack that an export holds.

    Raises:
        StateUnreadable: it is no JSON, no export, or one without resources, of which nothing can be said.
    """
    try:
        content: Any = json.loads(text)
    except json.JSONDecodeError as err:
        raise StateUnreadable(f"it is no JSON ({err}). Export anew: pulumi stack export --file FILE") from err
    try:
        kept = [one for one in _listed(content) if not one.get("delete")]
        name = kept[0]["urn"].split(":")[2]
        resources = tuple(resource(one) for one in kept)
    except (AttributeError, IndexError, KeyError, TypeError) as err:
        raise StateUnreadable("it holds no resources. Export anew: pulumi stack export --file FILE") from err
    return Stack(stage=stage_of(name, throwaway=throwaway), name=name, resources=resources)


def _listed(content: Value) -> list[Json]:
    return content["deployment"]["resources"]


def resource(entry: Json) -> Resource:
    """Return one resource of a state."""
    inputs: Json = entry.get("inputs") or {}
    refers: dict[str, list[str]] = entry.get("propertyDependencies") or {}
    return Resource(
        type=entry["type"],
        name=entry["urn"].rsplit("::", 1)[-1],
        urn=entry["urn"],
        inputs=cast("Json", opened(inputs)),
        protect=bool(entry.get("protect")),
        retain=bool(entry.get("retainOnDelete")),
        parent=entry.get("parent", ""),
        provider=provider_name(entry.get("provider", "")),
        secrets=frozenset(key for key, value in inputs.items() if holds_secret(value)),
        refers={key: tuple(urns) for key, urns in refers.items() if urns},
    )


def provider_name(reference: str) -> str:
    """Return the name in a reference to a provider: its URN, `::`, its id."""
    return reference.split("::")[-2] if "::" in reference else ""


def opened(value: Value) -> Value:
    """Return a value with its secrets opened where they are in clear, and UNKNOWN where it is not known."""
    if isinstance(value, str):
        return UNKNOWN if value in NOT_KNOWN_YET else value
    if isinstance(value, Mapping):
        found = cast("Json", value)
        return (
            _secret(found) if found.get(_SIGNATURE) == _SECRET else {key: opened(part) for key, part in found.items()}
        )
    if isinstance(value, list):
        return [opened(part) for part in cast("list[object]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _secret(found: Json) -> Value:
    if "value" in found:
        return opened(found["value"])
    return opened(json.loads(found["plaintext"])) if "plaintext" in found else UNKNOWN


def holds_secret(value: object) -> bool:
    """Whether a raw value is a secret, or has one in it."""
    if isinstance(value, Mapping):
        found = cast("Json", value)
        return found.get(_SIGNATURE) == _SECRET or any(holds_secret(part) for part in found.values())
    return isinstance(value, list) and any(holds_secret(part) for part in cast("list[object]", value))
