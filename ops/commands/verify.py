"""`boka verify`: is everything as it should be, down to a booking from outside?"""

from ops import converge, session, summary
from ops.commands.options import AsJson, NoWait, StackName


def verify(*, stack: StackName = "local", as_json: AsJson = False, no_wait: NoWait = False) -> None:
    """Ask every daemon, and the site from outside, what only the right state can answer."""
    with session.opened(stack, "verify", as_json=as_json, wait=not no_wait) as run:
        with run.record.phase("verify"):
            result = converge.verify(run)
        run.finish(summary.played(run, result))
