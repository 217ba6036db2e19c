"""`boka deploy`: the booking service of this checkout, onto the app hosts."""

from ops import converge, session, summary
from ops.commands.options import AsJson, NoWait, StackName


def deploy(*, stack: StackName = "local", as_json: AsJson = False, no_wait: NoWait = False) -> None:
    """Build the booking service of this checkout and flip the app hosts to it, batch by batch."""
    with session.opened(stack, "deploy", as_json=as_json, wait=not no_wait) as run:
        with run.record.phase("artefact"):
            release = converge.build(run)
        run.screen.say(f"Deploy {release.release} to {stack}. Undo: boka deploy from the checkout that served")
        with run.record.phase("deploy"):
            result = converge.deploy(run, release)
        run.finish(summary.played(run, result, release.release))
