"""`boka up`: from whatever there is to a stack that serves."""

from typing import Annotated

import typer

from ops import converge, doctor, engine, preparation, session, settings, summary
from ops.cloud import agreement, operator_key, plans
from ops.commands.options import AsJson, NoWait, StackName, Yes

HostsOnly = Annotated[bool, typer.Option("--hosts-only", help="Stop once the hosts answer; configure nothing.")]
ByPlan = Annotated[bool, typer.Option("--plan", help="Do what boka preview --save-plan planned, or nothing.")]
Profile = Annotated[str | None, typer.Option(help="full or small; for a throwaway stack's first up.")]


def up(  # noqa: PLR0913 - one parameter an option
    *,
    stack: StackName = "local",
    profile: Profile = None,
    hosts_only: HostsOnly = False,
    plan: ByPlan = False,
    yes: Yes = False,
    as_json: AsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Raise the stack, or heal it: hosts, configuration, the booking service, a check. Undo with: boka down."""
    with session.opened(stack, "up", as_json=as_json, wait=not no_wait) as run:
        run.screen.say(f"Raise stack {stack}. It takes some minutes. Undo with: boka down --stack {stack}")
        if run.stack.is_local:
            doctor.refuse_unfit()
        else:
            _refuse_unfit_accounts(run, hosts_only=hosts_only)
        settings.ensure(run.stack, profile)
        if plan:
            plans.require(run.stack)
        with run.record.phase("prepare"):
            preparation.ensure(run.stack, run.screen)
        with run.record.phase("hosts"):
            agree = agreement.asking(run, yes=yes or plan)
            outcome = engine.up(run.stack, run.record, run.screen, agree=agree, planned=plan)
        preparation.ensure_in_cloud(run.stack, run.screen)
        if outcome.unseen:
            run.finish(summary.PartRaised(stack=stack, resources=outcome))
            return
        if hosts_only:
            run.finish(summary.hosts_raised(run, outcome))
            return
        with run.record.phase("artefact"):
            release = converge.build(run)
        with run.record.phase("configure"):
            site = converge.configure(run, release)
        with run.record.phase("verify"):
            converge.verify(run)
        run.finish(summary.raised(run, outcome, site, release))


def _refuse_unfit_accounts(run: session.Session, *, hosts_only: bool) -> None:
    from ops.cloud import doctor as cloud_doctor  # noqa: PLC0415  # loads pydantic

    if not hosts_only:
        operator_key.refuse_unknown(run.stack)
    run.screen.now("looking at the accounts")
    cloud_doctor.refuse_unfit(run.stack)
