"""The steps after the hosts exist: the artefact, the site's playbook, the check from outside, the hosts' journals."""

from dataclasses import dataclass
from pathlib import Path

from infra import paths
from ops import fleet, plays
from ops.plays import Play, PlayResult
from ops.session import Session
from ops.stacks import CHECKOUT


@dataclass(frozen=True, slots=True)
class Release:
    """A built booking service, as the playbooks take it."""

    name: str
    path: Path
    sha256: str

    def variables(self) -> dict[str, object]:
        """Return what the playbooks that install it read."""
        return {"deploy_release": self.name, "deploy_artefact": str(self.path), "deploy_artefact_sha256": self.sha256}


def build(run: Session) -> Release:
    """Build the booking service of this checkout, or take it from the cache when nothing of it has changed."""
    from ops import artefact  # noqa: PLC0415  # only verbs that install the service need it

    run.screen.now("building the booking service")
    built = artefact.build(CHECKOUT, paths.cache())
    run.screen.say(f"release {built.release} is built")
    return Release(built.release, built.path, built.sha256)


def configure(run: Session, release: Release) -> PlayResult:
    """Make every host what its roles say."""
    return _play(run, Play(playbook="site", variables=release.variables()))


def deploy(run: Session, release: Release) -> PlayResult:
    """Flip the app hosts to a release, batch by batch."""
    return _play(run, Play(playbook="deploy", variables=release.variables()))


def verify(run: Session) -> PlayResult:
    """Ask every daemon, and the site from outside, what only the right state can answer."""
    return plays.run(Play(playbook="verify"), run.stack, run.record, run.screen)


def _play(run: Session, play: Play) -> PlayResult:
    result = plays.run(play, run.stack, run.record, run.screen)
    told = f"{run.record.started} run {run.record.number} {run.record.verb} by {run.record.who}: {play.playbook}"
    silent = fleet.tell_each(run.stack, result.hosts, told)
    if silent:
        run.screen.say(f"the journal on {', '.join(silent)} could not be written")
    return result
