"""`boka preview`: what `boka up` would do to what exists."""

from typing import Annotated

import typer

from ops import engine, preparation, session, settings, summary
from ops.commands.options import AsJson, NoWait, StackName

CHANGES_SEEN = 10
Detailed = Annotated[bool, typer.Option("--detailed-exitcode", help="Exit with 10 if something would change.")]


def preview(
    *, stack: StackName = "local", detailed_exitcode: Detailed = False, as_json: AsJson = False, no_wait: NoWait = False
) -> None:
    """Say what boka up would change, after looking at what exists. Changes nothing."""
    with session.opened(stack, "preview", as_json=as_json, wait=not no_wait) as run:
        settings.ensure(run.stack, None)
        preparation.ensure(run.stack, run.screen)
        outcome = engine.preview(run.stack, run.record, run.screen)
        run.finish(summary.Previewed(stack=stack, changes=outcome.changes))
    if detailed_exitcode and outcome.changed:
        raise typer.Exit(CHANGES_SEEN)
