"""What a verb ends with: the facts for scripts, the sentences for a reader."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ops import fleet, site_root
from ops.cloud.leftovers import StateLock, Unended
from ops.cloud.leftovers import describe as describe_unended
from ops.engine import Outcome
from ops.outlook import Tasks
from ops.plays import PlayResult
from ops.session import Session
from ops.stacks import Stack

if TYPE_CHECKING:
    from infra.cost import Estimate
    from ops.artefact import Artefact

DEMO_OWNER = "owner@demo.test"  # whom `boka-app seed-demo` gives the first log-in


@dataclass(frozen=True, kw_only=True)
class Raised:
    """`boka up` ended well."""

    stack: str
    profile: str
    site: str
    virtual_address: str
    root_certificate: str
    staff: str
    hosts: dict[str, str]
    release: str
    resources_changed: int
    tasks_changed: int
    restarts: list[str]
    phases: dict[str, float]
    journal: int

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        option = "" if self.stack == "local" else f" -s {self.stack}"
        return [
            f"Stack {self.stack} ({self.profile}) serves release {self.release} on {len(self.hosts)} hosts after "
            f"{describe_seconds(sum(self.phases.values()))}; {self.resources_changed} resources, "
            f"{self.tasks_changed} tasks changed.",
            f"  {describe_phases(self.phases)}",
            f"  site     {self.site} at {self.virtual_address}",
            f"  staff    {self.site}/staff {self.staff}",
            *([f"  trust    {self.root_certificate} signs the site"] if self.root_certificate else []),
            f"  journal  boka journal show {self.journal}",
            "Try:",
            f"  boka open{option}      the booking page in your own browser",
            f"  boka status{option}    what answers, and how fast",
            f"  boka ssh db1{option}   a shell on a host",
        ]


@dataclass(frozen=True, kw_only=True)
class HostsRaised:
    """`boka up --hosts-only` ended well."""

    stack: str
    hosts: dict[str, str]
    resources_changed: int
    phases: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        took = describe_seconds(sum(self.phases.values()))
        return [
            f"{len(self.hosts)} hosts of stack {self.stack} answer after {took}; {self.resources_changed} resources "
            "changed, nothing was configured.",
            f"Next: boka up --stack {self.stack}",
        ]


@dataclass(frozen=True, kw_only=True)
class Previewed:
    """`boka preview` looked. Without `tasks` nobody asked for them; a local stack costs nothing."""

    stack: str
    resources: Outcome
    tasks: Tasks | None = None
    cost: "Estimate | None" = None
    planned: bool = False

    @property
    def different(self) -> bool:
        """Whether something would change, or may, since it could not be looked at."""
        tasks = self.tasks and (self.tasks.changed or self.tasks.unseen)
        return bool(self.resources.changed or self.resources.unseen or tasks)

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        tasks = asdict(self.tasks) | {"changed": self.tasks.changed} if self.tasks else None
        cost = {"cost": asdict(self.cost) | {"usd_a_month": self.cost.usd_a_month}} if self.cost else {}
        seen = {"changes": self.resources.changes, "layers_unseen": list(self.resources.unseen), "tasks": tasks}
        return {"stack": self.stack, **seen, **cost}

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        tasks = describe_tasks(self.tasks) if self.tasks else ["Tasks were not looked at (--resources-only)."]
        plan = " --plan" if self.planned else ""
        following = [f"Next: boka up --stack {self.stack}{plan}"] if self.different else []
        first, *rest = self.outlook()
        return [first, *tasks, *rest, *following]

    def outlook(self) -> list[str]:
        """Return what would become of the resources, which layers were not looked at, and the cost."""
        why = "was not looked at: what it stands on was never raised"
        unseen = [f"Layer {layer} {why}." for layer in self.resources.unseen]
        return [self._sentence(), *unseen, *(describe_cost(self.cost) if self.cost else [])]

    def _sentence(self) -> str:
        moving = describe_changes(self.resources.changes)
        would = f"{moving} resources" if moving else "change no resource"
        if self.tasks and self.tasks.hosts:
            would += f" and {'change ' if moving else ''}{_number(self.tasks.changed, 'task')}"
        where = f"On stack {self.stack}," if self.different else f"Stack {self.stack} is as described:"
        return f"{where} boka up would {would}."


@dataclass(frozen=True, kw_only=True)
class PartRaised:
    """`boka up --plan` did what was planned, and the plan left a layer out."""

    stack: str
    resources: Outcome

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return {
            "stack": self.stack,
            "resources_changed": self.resources.changed,
            "layers_left_out": list(self.resources.unseen),
        }

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        left_out = f"the plan leaves out {', '.join(self.resources.unseen)}"
        return [
            f"{self.resources.changed} resources of stack {self.stack} changed as planned; {left_out}.",
            f"Next: boka preview --stack {self.stack} --save-plan",
        ]


@dataclass(frozen=True, kw_only=True)
class Drifted:
    """`boka drift` compared what exists with what was made."""

    stack: str
    changes: dict[str, int]

    @property
    def differing(self) -> int:
        """How many resources are other than they were made."""
        return sum(count for operation, count in self.changes.items() if operation != "same")

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return {"stack": self.stack, "drifted": self.differing, "changes": self.changes}

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        if not self.differing:
            return [f"Stack {self.stack} is as it was made: none of {sum(self.changes.values())} resources differs."]
        told = f"{self.differing} of {sum(self.changes.values())} resources of stack {self.stack}"
        return [
            f"{told} are not as they were made; somebody or something else changed them.",
            f"Next: boka preview --stack {self.stack} says what boka up would set back.",
        ]


@dataclass(frozen=True, kw_only=True)
class Initialised:
    """`boka init` ended well."""

    stack: str
    url: str
    made: list[str]
    file: str

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        if not self.made:
            return [f"The state of stack {self.stack} has its place, {self.url}; nothing was missing."]
        return [
            f"The state of stack {self.stack} has its place, {self.url}; {len(self.made)} things were made.",
            f"Next: git commit {self.file}, then boka doctor {self.stack}",
        ]


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """`boka adopt` ended well."""

    stack: str
    taken: list[str]
    left: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        if not self.taken:
            return [f"Cloudflare has nothing that stack {self.stack} would make and does not have yet."]
        return [
            f"Stack {self.stack} took over {len(self.taken)} things at Cloudflare; nothing was changed there yet.",
            f"Next: boka preview --stack {self.stack} says what boka up would change of them.",
        ]


@dataclass(frozen=True, kw_only=True)
class Unlocked:
    """`boka unlock` freed the state, and tells what a killed run left open."""

    stack: str
    freed: list[str]
    unended: list[Unended]

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        freed = f"{_number(len(self.freed), 'lock')} taken away" if self.freed else "nobody held it"
        first = f"The state of stack {self.stack} is free; {freed}."
        if not self.unended:
            return [first, "Nothing was under way.", f"Next: boka up --stack {self.stack}"]
        return [
            first,
            f"Under way when the run was killed, {len(self.unended)} operations:",
            *(line for one in self.unended for line in describe_unended(one)),
            f"Next: boka up --stack {self.stack}, which says what is to be settled first.",
        ]


@dataclass(frozen=True, kw_only=True)
class Removed:
    """`boka down` ended well."""

    stack: str
    phases: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        if not self.phases:
            return [f"Stack {self.stack} does not exist; nothing to remove."]
        took = describe_seconds(sum(self.phases.values()))
        return [f"Removed stack {self.stack} in {took}. The journal and the caches stay.", "Next: boka up"]


@dataclass(frozen=True, kw_only=True)
class Played:
    """A verb that is one playbook ended well."""

    stack: str
    verb: str
    hosts: list[str]
    tasks_changed: int
    restarts: list[str]
    phases: dict[str, float]
    release: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        took = describe_seconds(sum(self.phases.values()))
        what = f"release {self.release} on" if self.release else "on"
        head = f"{self.verb.capitalize()} {what} {len(self.hosts)} hosts of {self.stack} in {took}"
        return [f"{head}; {self.tasks_changed} tasks changed.", f"Next: boka status --stack {self.stack}"]


def raised(run: Session, outcome: Outcome, site: PlayResult, release: "Artefact") -> Raised:
    """Return the summary of a run of `boka up`."""
    hosts = fleet.read(run.stack)
    return Raised(
        stack=run.stack.name,
        profile=hosts.profile,
        site=hosts.endpoints["site"],
        virtual_address=hosts.network.virtual_address,
        hosts={name: host.address for name, host in hosts.hosts.items()},
        root_certificate=str(site_root.fetch(run.stack, hosts) or ""),
        staff=_first_log_in(run.stack),
        release=release.release,
        resources_changed=outcome.changed,
        tasks_changed=site.changed,
        restarts=site.restarts,
        phases=run.record.phases,
        journal=run.record.number,
    )


def _first_log_in(stack: Stack) -> str:
    option = "" if stack.name == "local" else f" -s {stack.name}"
    if stack.is_local:
        return f"as {DEMO_OWNER}, password: boka secret auth/first_login{option}"
    return f"for administrators; the first one: boka ssh app1{option} -- sudo boka-app admin create YOU@{{YOUR DOMAIN}}"


def hosts_raised(run: Session, outcome: Outcome) -> HostsRaised:
    """Return the summary of a run of `boka up --hosts-only`."""
    return HostsRaised(
        stack=run.stack.name,
        hosts={name: host.address for name, host in fleet.read(run.stack).hosts.items()},
        resources_changed=outcome.changed,
        phases=run.record.phases,
    )


def played(run: Session, result: PlayResult, release: str = "") -> Played:
    """Return the summary of a verb that is one playbook."""
    return Played(
        stack=run.stack.name,
        verb=run.record.verb,
        hosts=sorted(result.hosts),
        tasks_changed=result.changed,
        restarts=result.restarts,
        phases=run.record.phases,
        release=release,
    )


def describe_seconds(seconds: float) -> str:
    """Return for example `41 s` or `4 min 7 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def describe_changes(changes: Mapping[str, int]) -> str:
    """Return for example `create 2, update 1`; empty when everything stays."""
    moving = {operation: count for operation, count in changes.items() if operation != "same" and count}
    return ", ".join(f"{operation} {count}" for operation, count in sorted(moving.items()))


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'s' if count > 1 else ''}"


def describe_tasks(tasks: Tasks) -> list[str]:
    """Return what would happen on each host, and of which hosts that is not known."""
    rows = [f"  {host:8} {_number(count, 'task')}" for host, count in tasks.hosts.items() if count]
    restarts = [f"  {one}" for one in tasks.restarts]
    known = set(tasks.hosts) | set(tasks.unseen)
    if not known:
        return ["Tasks: not looked at, since there is no host yet."]
    unseen = [f"  {host:8} {why}" for host, why in tasks.unseen.items()]
    return [
        *([f"Tasks that would change, on {len(tasks.hosts)} of {len(known)} hosts:", *rows] if rows else []),
        *(["Restarts and reloads that would follow:", *restarts] if restarts else []),
        *([f"Not looked at, or not to the end, {len(unseen)} of {len(known)} hosts:", *unseen] if unseen else []),
    ]


def describe_locks(locks: Iterable[StateLock]) -> list[str]:
    """Return who holds the state of which layer."""
    now = datetime.now(UTC)
    return [lock.describe(now) for lock in locks]


def describe_cost(cost: "Estimate") -> list[str]:
    """Return the estimate in sentences that cannot be taken for a bill."""
    from infra.cost import LEFT_OUT  # noqa: PLC0415  # loads pydantic

    if not cost.items:
        return [f"Cost: no estimate; infra/prices.json has no prices of {cost.region}."]
    rows = [f"  {item.usd_a_month:9.2f}  {item.count:g} {item.what}" for item in cost.items]
    head = (
        f"Cost, an estimate: {cost.usd_a_month:.0f} US dollars a month by {cost.region}'s list prices of {cost.as_of}"
    )
    return [f"{head}, without {LEFT_OUT}.", *rows]


def describe_phases(phases: dict[str, float]) -> str:
    """Return how long each part took."""
    return ", ".join(f"{name} {describe_seconds(seconds)}" for name, seconds in phases.items())
