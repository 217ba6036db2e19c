"""`boka preview`: what `boka up` would do to what exists."""

from typing import TYPE_CHECKING

import typer

from ops import engine, preparation, session, settings, stacks, summary
from ops.commands.options import AsJson, Detailed, NoWait, StackName

if TYPE_CHECKING:
    from infra.cost import Estimate

CHANGES_SEEN = 10


def preview(
    *, stack: StackName = "local", detailed_exitcode: Detailed = False, as_json: AsJson = False, no_wait: NoWait = False
) -> None:
    """Say what boka up would change, after looking at what exists, and what the stack costs. Changes nothing."""
    with session.opened(stack, "preview", as_json=as_json, wait=not no_wait) as run:
        settings.ensure(run.stack, None)
        if run.stack.is_local:
            preparation.ensure(run.stack, run.screen)
        outcome = engine.preview(run.stack, run.record, run.screen)
        cost = None if run.stack.is_local else _cost(run.stack)
        run.finish(summary.Previewed(stack=stack, changes=outcome.changes, cost=cost))
    if detailed_exitcode and outcome.changed:
        raise typer.Exit(CHANGES_SEEN)


def _cost(stack: stacks.Stack) -> "Estimate":
    from infra import cost, fleet  # noqa: PLC0415  # loads pydantic

    chosen = settings.cloud(stack)
    return cost.estimate(chosen, fleet.describe_cloud(chosen), cost.table())
