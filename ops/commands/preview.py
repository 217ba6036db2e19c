"""`boka preview`: what `boka up` would do to what exists."""

from typing import Annotated

import typer

from ops import engine, outlook, preparation, session, settings, summary
from ops.cloud import agreement, plans
from ops.commands.options import AsJson, Detailed, NoWait, StackName

CHANGES_SEEN = 10
SavePlan = Annotated[bool, typer.Option("--save-plan", help="Keep it as the plan that boka up --plan holds to.")]
ResourcesOnly = Annotated[bool, typer.Option("--resources-only", help="Look at no host; say nothing of tasks.")]


def preview(
    *,
    stack: StackName = "local",
    resources_only: ResourcesOnly = False,
    save_plan: SavePlan = False,
    detailed_exitcode: Detailed = False,
    as_json: AsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Say what boka up would change: resources, tasks on the hosts, what the stack costs. Changes nothing."""
    with session.opened(stack, "preview", as_json=as_json, wait=not no_wait) as run:
        settings.ensure(run.stack, None)
        if run.stack.is_local:
            preparation.ensure(run.stack, run.screen)
        keep_in = plans.begin(run.stack) if save_plan else None
        with run.record.phase("resources"):
            outcome = engine.preview(run.stack, run.record, run.screen, keep_in)
        if save_plan:
            plans.bind(run.stack)
        tasks = None
        if not resources_only:
            with run.record.phase("tasks"):
                tasks = outlook.of(run, outcome)
        cost = agreement.cost(run.stack)
        found = summary.Previewed(stack=stack, resources=outcome, tasks=tasks, cost=cost, planned=save_plan)
        run.finish(found)
    if detailed_exitcode and found.different:
        raise typer.Exit(CHANGES_SEEN)
