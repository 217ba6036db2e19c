"""The steps after the hosts exist: the artefact, the site's playbook, the check from outside, the hosts' journals."""

from typing import TYPE_CHECKING

from infra import paths
from ops import fleet, plays
from ops.errors import BokaError
from ops.plays import Play, PlayResult
from ops.session import Session
from ops.stacks import CHECKOUT

if TYPE_CHECKING:
    from ops.artefact import Artefact


def build(run: Session) -> "Artefact":
    """Build the booking service of this checkout, or take it from the cache when nothing of it has changed."""
    from ops import artefact  # noqa: PLC0415  # only verbs that install the service need it

    run.screen.now("building the booking service")
    built = artefact.build(CHECKOUT, paths.cache())
    run.screen.say(f"release {built.release} is built")
    return built


def configure(run: Session, release: "Artefact") -> PlayResult:
    """Make every host what its roles say."""
    return _play(run, site(release))


def site(release: "Artefact", limit: str = "") -> Play:
    """Return the play that makes hosts what their roles say, with this release."""
    return Play(playbook="site", variables=_variables(release), limit=limit)


def deploy(run: Session, release: "Artefact") -> PlayResult:
    """Flip the app hosts to a release, batch by batch."""
    return _play(run, Play(playbook="deploy", variables=_variables(release)))


def verify(run: Session) -> PlayResult:
    """Ask every daemon, and the site from outside, what only the right state can answer."""
    return plays.run(Play(playbook="verify"), run.stack, run.record, run.screen)


def _play(run: Session, play: Play) -> PlayResult:
    try:
        result = plays.run(play, run.stack, run.record, run.screen)
    except BokaError:
        _tell_hosts(run, play, "failed")
        raise
    _tell_hosts(run, play, "done")
    return result


def _tell_hosts(run: Session, play: Play, outcome: str) -> None:
    touched = [host for host, counts in run.record.hosts.get(play.playbook, {}).items() if not counts["unreachable"]]
    record = run.record
    told = f"{record.started} run {record.number}: boka {record.verb} by {record.who}, {play.playbook} {outcome}"
    silent = fleet.tell_each(run.stack, touched, told)
    if silent:
        run.screen.say(f"the journal on {', '.join(silent)} could not be written")


def _variables(release: "Artefact") -> dict[str, object]:
    return {
        "deploy_release": release.release,
        "deploy_artefact": str(release.path),
        "deploy_artefact_sha256": release.sha256,
    }
