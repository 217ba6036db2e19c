"""What Cloudflare has already, held against what a stack would make there: what is taken over, and what follows. Pure.

What a stack would make is told by Pulumi's preview, so no name is written down twice. Forms of the ids: the section
"Import" of each class of pulumi_cloudflare.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.policy.state import NOT_KNOWN_YET

Thing = Mapping[str, Any]
_ADDRESSES = ("A", "AAAA", "CNAME")
_STACK = "pulumi:pulumi:Stack"
_SHOWN_MAX = 60


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A resource of the program as a preview tells it, `inputs` in the API's spelling. New: Pulumi knows none yet."""

    urn: str
    type: str
    parent: str = ""
    provider: str = ""
    is_new: bool = True
    inputs: Thing = field(default_factory=dict[str, Any])

    @property
    def kind(self) -> str:
        """The class name at the end of the type."""
        return self.type.rsplit(":", 1)[-1]


def _alone(_: Thing) -> object:
    return ""


def _record(one: Thing) -> object:
    # A name has many CAA records, so what one says is part of which it is.
    said: Thing = one["data"] if one["type"] == "CAA" else {}
    return one["type"], str(one["name"]).lower(), said.get("tag"), said.get("value")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a class is asked for (`path`), told from its like (`identity`), imported (`id`) and called (`called`).

    The texts are filled from a resource's inputs and from what Cloudflare says of the thing. `parts` is where a thing
    is told whole, if a list leaves parts out.
    """

    path: str
    id: str
    called: str
    identity: Callable[[Thing], object] = _alone
    parts: str = ""

    @property
    def is_listed(self) -> bool:
        """Whether the zone may have several, of which some are not ours."""
        return self.path.startswith("/zones/") and self.identity is not _alone


_ZONE, _ACCOUNT = "/zones/{zone_id}", "/accounts/{account_id}"
KINDS: dict[str, Kind] = {
    "BotManagement": Kind(path=f"{_ZONE}/bot_management", id="{zone_id}", called="bot management"),
    "DnsRecord": Kind(
        path=f"{_ZONE}/dns_records", id="{zone_id}/{id}", called="record {type} {name}", identity=_record
    ),
    "Healthcheck": Kind(
        path=f"{_ZONE}/healthchecks",
        id="{zone_id}/{id}",
        called="health check {name}",
        identity=lambda one: one["name"],
    ),
    "NotificationPolicy": Kind(
        path=f"{_ACCOUNT}/alerting/v3/policies",
        id="{account_id}/{id}",
        called="notification {name}",
        identity=lambda one: one["name"],
    ),
    "PagesDomain": Kind(
        path=f"{_ACCOUNT}/pages/projects/{{project_name}}/domains/{{name}}",
        id="{account_id}/{project_name}/{name}",
        called="name {name} of Pages",
    ),
    "PagesProject": Kind(
        path=f"{_ACCOUNT}/pages/projects/{{name}}", id="{account_id}/{name}", called="Pages project {name}"
    ),
    "R2Bucket": Kind(
        path=f"{_ACCOUNT}/r2/buckets/{{name}}", id="{account_id}/{name}/{jurisdiction}", called="bucket {name}"
    ),
    # Cannot be imported; asked for what stands at its name.
    "R2CustomDomain": Kind(path=f"{_ZONE}/dns_records", id="", called="name {domain} of a bucket"),
    "Ruleset": Kind(
        path=f"{_ZONE}/rulesets",
        id="zones/{zone_id}/{id}",
        called="rules of {phase}",
        identity=lambda one: (one["kind"], one["phase"]),
        parts=f"{_ZONE}/rulesets/{{id}}",
    ),
    "UrlNormalizationSettings": Kind(path=f"{_ZONE}/url_normalization", id="{zone_id}", called="spelling of paths"),
    "WorkersRoute": Kind(
        path=f"{_ZONE}/workers/routes",
        id="{zone_id}/{id}",
        called="route {pattern}",
        identity=lambda one: one["pattern"],
    ),
    "WorkersScript": Kind(
        path=f"{_ACCOUNT}/workers/scripts",
        id="{account_id}/{script_name}",
        called="Worker {script_name}",
        identity=lambda one: one.get("script_name") or one["id"],
    ),
    "ZoneDnssec": Kind(path=f"{_ZONE}/dnssec", id="{zone_id}", called="DNSSEC"),
    "ZoneSetting": Kind(
        path=f"{_ZONE}/settings/{{setting_id}}", id="{zone_id}/{setting_id}", called="setting {setting_id}"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One thing that is taken over: by which id, and what the next `boka up` changes of it."""

    planned: Planned
    id: str
    called: str
    changes: tuple[str, ...]

    def line(self) -> str:
        """For a reader."""
        return f"{self.called}: {'; '.join(self.changes) or 'stays as it is'}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What becomes of what Cloudflare has. `in_the_way` must go first, `left` is none of ours."""

    taken: tuple[Taken, ...] = ()
    in_the_way: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def __add__(self, other: "Plan") -> "Plan":
        """Both layers' together; what one leaves, the other may take."""
        return Plan(
            taken=self.taken + other.taken, in_the_way=self.in_the_way + other.in_the_way, left=self.left + other.left
        )


def path_of(one: Planned) -> str | None:
    """Return where Cloudflare is asked for things like this one; None if it can be asked for none."""
    kind = KINDS.get(one.kind)
    return kind.path.format_map(one.inputs) if kind else None


def make(planned: Sequence[Planned], found: Mapping[str, Sequence[Thing]]) -> Plan:
    """Return the plan for what Cloudflare answered, by path."""
    pairs = [(one, _twin(one, found)) for one in planned if one.kind in KINDS]
    taken = tuple(_take(one, twin) for one, twin in pairs if twin is not None and one.is_new)
    ours = [twin for _, twin in pairs if twin is not None]
    records = [thing for path, things in found.items() if path.endswith("/dns_records") for thing in things]
    fresh = [one for one, twin in pairs if twin is None and one.is_new]
    blocked = [*_beside(fresh, records), *_locked(pairs)]
    return Plan(taken=taken, in_the_way=tuple(blocked), left=tuple(_others(planned, found, ours)))


def _twin(one: Planned, found: Mapping[str, Sequence[Thing]]) -> Thing | None:
    kind = KINDS[one.kind]
    if not kind.id:
        return None
    things = found.get(path_of(one) or "", ())
    return next((thing for thing in things if kind.identity(thing) == kind.identity(one.inputs)), None)


def _take(one: Planned, twin: Thing) -> Taken:
    kind, both = KINDS[one.kind], {**twin, **one.inputs}
    return Taken(
        planned=one,
        id=kind.id.format_map(both),
        called=kind.called.format_map(both),
        changes=tuple(_changes(one.inputs, twin)),
    )


def _changes(wanted: Thing, there: Thing) -> Iterator[str]:
    for key, value in wanted.items():
        if key == "rules":
            yield from _lost_rules(value, there.get(key) or [])
        elif key in there and not _is_so(value, there[key]):
            yield f"{key} {_shown(there[key])} becomes {_shown(value)}"


def _lost_rules(wanted: Sequence[Thing], there: Sequence[Thing]) -> Iterator[str]:
    ours = {rule["ref"] for rule in wanted}
    lost = [_shown(rule.get("description") or rule["expression"]) for rule in there if rule.get("ref") not in ours]
    if lost:
        yield f"{len(lost)} rules go: {', '.join(lost)}"
    yield f"{len(wanted)} rules of ours"


def _is_so(wanted: object, there: object) -> bool:
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        return all(_is_so(value, there.get(key)) for key, value in wanted.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportUnknownMemberType] - JSON
    return wanted == there or (not wanted and there is None)


def _beside(fresh: Iterable[Planned], records: Sequence[Thing]) -> Iterator[str]:
    """What stands at a name of ours and is of another type: Cloudflare takes no second address there."""
    for one in fresh:
        leads = one.kind == "R2CustomDomain" or one.inputs.get("type") in _ADDRESSES
        name = str(one.inputs.get("domain") or one.inputs.get("name")).lower()
        for there in records if leads else ():
            if there["type"] in _ADDRESSES and str(there["name"]).lower() == name:
                yield f"record {there['type']} {name} ({there.get('content')}), where the stack needs its own"


def _locked(pairs: Iterable[tuple[Planned, Thing | None]]) -> Iterator[str]:
    for one, twin in pairs:
        if twin is not None and twin.get("editable") is False and not _is_so(one.inputs["value"], twin["value"]):
            wanted = _shown(one.inputs["value"])
            yield f"setting {twin['id']} is {_shown(twin['value'])}, not {wanted}, and its plan lets nobody change it"


def _others(planned: Sequence[Planned], found: Mapping[str, Sequence[Thing]], ours: Sequence[Thing]) -> Iterator[str]:
    kinds = {path_of(one): KINDS[one.kind] for one in planned if one.kind in KINDS and KINDS[one.kind].is_listed}
    for path, things in found.items():
        for thing in things:
            # By identity: two things may look alike.
            if path in kinds and not any(thing is one for one in ours):
                yield kinds[path].called.format_map(thing)


def import_file(taken: Sequence[Taken], planned: Sequence[Planned]) -> dict[str, Any]:
    """Return what `pulumi import --file` takes: each resource by its URN, below components that may be new too."""
    by_urn = {one.urn: one for one in planned}
    above = {urn: by_urn[urn] for one in taken for urn in _ancestors(one.planned, by_urn)}
    known = {one.planned.provider for one in taken} | {urn for urn, one in above.items() if not one.is_new}
    components = [{**_entry(one, above), "component": True} for one in above.values() if one.is_new]
    resources = [{**_entry(one.planned, above), "id": one.id, "provider": one.planned.provider} for one in taken]
    return {"nameTable": {urn: urn for urn in sorted(known)}, "resources": [*components, *resources]}


def _entry(one: Planned, above: Mapping[str, Planned]) -> dict[str, Any]:
    found = {"type": one.type, "name": one.urn, "logicalName": one.urn.rsplit("::", 1)[-1]}
    return found | ({"parent": one.parent} if one.parent in above else {})


def _ancestors(one: Planned, by_urn: Mapping[str, Planned]) -> Iterator[str]:
    parent = by_urn.get(one.parent)
    if parent is not None and parent.type != _STACK:
        yield from _ancestors(parent, by_urn)
        yield parent.urn


def _shown(value: object) -> str:
    if isinstance(value, str) and value in NOT_KNOWN_YET:
        return "what the stack makes"
    text = str(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 3]}..."
