"""`boka preview`: what `boka up` would do to what exists."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops import engine, outlook, preparation, session, settings, stacks, summary
from ops.commands.options import AsJson, Detailed, NoWait, StackName

if TYPE_CHECKING:
    from infra.cost import Estimate

CHANGES_SEEN = 10
ResourcesOnly = Annotated[bool, typer.Option("--resources-only", help="Look at no host; say nothing of tasks.")]


def preview(
    *,
    stack: StackName = "local",
    resources_only: ResourcesOnly = False,
    detailed_exitcode: Detailed = False,
    as_json: AsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Say what boka up would change: resources, tasks on the hosts, what the stack costs. Changes nothing."""
    with session.opened(stack, "preview", as_json=as_json, wait=not no_wait) as run:
        settings.ensure(run.stack, None)
        if run.stack.is_local:
            preparation.ensure(run.stack, run.screen)
        with run.record.phase("resources"):
            outcome = engine.preview(run.stack, run.record, run.screen)
        tasks = None
        if not resources_only:
            with run.record.phase("tasks"):
                tasks = outlook.of(run, outcome)
        cost = None if run.stack.is_local else _cost(run.stack)
        found = summary.Previewed(stack=stack, resources=outcome, tasks=tasks, cost=cost)
        run.finish(found)
    if detailed_exitcode and found.different:
        raise typer.Exit(CHANGES_SEEN)


def _cost(stack: stacks.Stack) -> "Estimate":
    from infra import cost, fleet  # noqa: PLC0415  # loads pydantic

    chosen = settings.cloud(stack)
    return cost.estimate(chosen, fleet.describe_cloud(chosen), cost.table())
