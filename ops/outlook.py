"""What `boka up` would do on the hosts: the site's playbook in check mode, where there are hosts to ask."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ops import converge, fleet, plays, resources
from ops.engine import Outcome
from ops.events import Failure
from ops.plays import PlayResult
from ops.session import Session

_HOST_KINDS = ("host", "instance")  # what `resources.thing` calls a host on this machine, and on AWS
_STACK_FILE = "stackfile"
_STAYS = "update"


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """What the playbook would do: how many tasks by host, which restarts; and of which hosts that is not known, why."""

    hosts: dict[str, int] = field(default_factory=dict[str, int])
    restarts: list[str] = field(default_factory=list[str])
    unseen: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def changed(self) -> int:
        """How many tasks would change something, over all hosts that were looked at."""
        return sum(self.hosts.values())


def of(run: Session, outcome: Outcome) -> Tasks:
    """Return what the playbook says of the hosts, given what would become of the resources.

    Raises:
        RunFailed: the service cannot be built, or Ansible cannot start.
    """
    from infra.handover import StackFileError  # noqa: PLC0415  # loads pydantic

    try:
        known = tuple(fleet.read(run.stack).hosts)
    except StackFileError:
        known = ()
    unseen = unknown(known, outcome.moving)
    seen = [host for host in known if host not in unseen]
    if not seen:
        return Tasks(unseen=unseen)
    play = converge.site(converge.build(run), limit=",".join(seen) if unseen else "")
    return report(*plays.look(play, run.stack, run.record, run.screen), unseen)


def unknown(hosts: Iterable[str], moving: Mapping[str, str]) -> dict[str, str]:
    """Return of which hosts nothing can be known before the resources are as described, and why."""
    told = {resources.thing(urn): operation for urn, operation in moving.items() if operation != _STAYS}
    words = [(thing.split(" ", 1), operation) for thing, operation in told.items()]
    moved = {name: f"it {resources.WOULD[operation]}" for (kind, name), operation in words if kind in _HOST_KINDS}
    if any(resources.thing(urn).startswith(f"{_STACK_FILE} ") for urn in moving):
        return dict.fromkeys(hosts, "what configuration is told would change with the resources") | moved
    return moved


def report(result: PlayResult, failures: Iterable[Failure], unseen: Mapping[str, str]) -> Tasks:
    """Return what a run in check mode found; a host that failed was looked at up to there only."""
    lost = {one.host: f'{_stopped(one)} at "{one.task}": {one.message}' for one in failures}
    return Tasks(
        hosts={host: counts.changed for host, counts in result.hosts.items() if host not in lost or counts.ok},
        restarts=result.restarts,
        unseen={**unseen, **lost},
    )


def _stopped(failure: Failure) -> str:
    return "it did not answer" if failure.unreachable else "it could be asked no further, as it stopped"
