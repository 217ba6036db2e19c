"""How a stack takes over what a Cloudflare zone has already: Pulumi's preview, Cloudflare's answers, Pulumi's import.

What is decided of them is in `ops/cloud/takeover.py`. Nothing is changed at Cloudflare: that is for the next `boka up`.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops import engine
from ops.cloud import cloudflare, takeover
from ops.cloud import leftovers as cloud_leftovers
from ops.cloud.takeover import KINDS, Plan, Planned
from ops.errors import Refused
from ops.stacks import Stack

if TYPE_CHECKING:
    from infra.cloud_settings import CloudSettings
    from ops.session import Session

_MISSING = 404
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


class NotAdoptable(Refused):
    """The stack, or who asks, is not as taking over needs it."""


class InTheWay(Refused):
    """Cloudflare would refuse what the stack makes, because of what is there."""

    def __init__(self, things: Sequence[str]) -> None:
        super().__init__(
            f"{len(things)} things at Cloudflare are in the way, nothing was changed: {'; '.join(things)}. How to make "
            "room without an outage: docs/howto/cloudflare.md"
        )


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One Pulumi stack: all that its program has, and the plan for what Cloudflare has of it."""

    name: str
    planned: tuple[Planned, ...]
    plan: Plan


def look(run: "Session", chosen: "CloudSettings") -> list[Layer]:
    """Return both layers with their plans. Changes nothing.

    Raises:
        NotAdoptable: the stack is not live by its settings, was never raised, or the token may not look.
    """
    _refuse_early(run.stack, chosen)
    return [_layer(run, name) for name in run.stack.layers]


def take(run: "Session", layer: Layer) -> None:
    """Have Pulumi remember what the plan takes. A run that was killed here is completed by the next."""
    if layer.plan.taken:
        content = takeover.import_file(layer.plan.taken, layer.planned)
        engine.take_over(run.stack, layer.name, content, run.record, run.screen)


def _refuse_early(stack: Stack, chosen: "CloudSettings") -> None:
    if not os.environ.get(cloudflare.TOKEN):
        msg = f"{cloudflare.TOKEN} is not set, so Cloudflare tells nothing of the zone. Set it to the stack's token."
        raise NotAdoptable(msg)
    if not chosen.live:
        raise NotAdoptable(
            f"boka:live is false in {stack.settings.name}, so stack {stack.name} wants nothing of the zone. Set it to "
            f"true, then: boka adopt {stack.name}"
        )


def _layer(run: "Session", name: str) -> Layer:
    if not cloud_leftovers.is_whole(run.stack, name):
        raise NotAdoptable(
            f"stack {name} was never raised; users would come to hosts that do not serve yet. Set boka:live to false "
            f"in {run.stack.settings.name}, run boka up -s {run.stack.name}, then set it to true and adopt."
        )
    planned = tuple(_planned(step) for step in engine.foresee(run.stack, name, run.record, run.screen))
    run.screen.now("asking Cloudflare what the zone has")
    asked = {path: one for one in planned if (path := takeover.path_of(one))}
    found = {path: _things(one, path) for path, one in asked.items()}
    return Layer(name=name, planned=planned, plan=takeover.make(planned, found))


def _planned(step: engine.Step) -> Planned:
    return Planned(
        urn=step.urn,
        type=step.type,
        parent=step.parent,
        provider=step.provider.rpartition("::")[0],
        is_new=step.operation == "create",
        inputs=_as_the_api_spells(step.inputs),
    )


def _as_the_api_spells(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {_HUMP.sub(r"_\1", key).lower(): _as_the_api_spells(part) for key, part in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    if isinstance(value, list):
        return [_as_the_api_spells(part) for part in value]  # pyright: ignore[reportUnknownVariableType] - JSON
    return value


def _things(one: Planned, path: str) -> Sequence[Mapping[str, Any]]:
    """What Cloudflare has there, each thing whole."""
    found = _told(path, jurisdiction=str(one.inputs.get("jurisdiction", "default")))
    parts = KINDS[one.kind].parts
    if not parts:
        return found
    ours = [thing for thing in found if thing["kind"] == "zone"]  # Cloudflare's own rulesets are listed too
    return [whole for thing in ours for whole in _told(parts.format_map({**one.inputs, **thing}))]


def _told(path: str, *, jurisdiction: str = "default") -> list[dict[str, Any]]:
    answer = cloudflare.every(path, jurisdiction=jurisdiction)
    if answer.status == _MISSING:
        return []
    if not answer.good:
        raise NotAdoptable(
            f"Cloudflare answers HTTP {answer.status} to GET {path}: {answer.why}. Nothing was changed. Which "
            "scope the token lacks: boka doctor"
        )
    result: Any = answer.result
    return result if isinstance(result, list) else [result]  # pyright: ignore[reportUnknownVariableType] - JSON
