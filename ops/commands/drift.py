"""`boka drift`: is what exists still what was made?"""

import typer

from ops import engine, session, settings, summary
from ops.commands.options import AsJson, Detailed, NoWait, StackName
from ops.commands.preview import CHANGES_SEEN


def drift(
    *, stack: StackName = "local", detailed_exitcode: Detailed = False, as_json: AsJson = False, no_wait: NoWait = False
) -> None:
    """Say what somebody else changed since the last boka up. Changes nothing, not even what Pulumi remembers."""
    with session.opened(stack, "drift", as_json=as_json, wait=not no_wait) as run:
        settings.ensure(run.stack, None)
        found = summary.Drifted(stack=stack, changes=engine.drift(run.stack, run.record, run.screen).changes)
        run.finish(found)
    if detailed_exitcode and found.differing:
        raise typer.Exit(CHANGES_SEEN)
