"""`boka init`: a place in the account for what Pulumi knows of a cloud stack."""

from typing import Annotated

import typer

from ops import session, stacks, summary
from ops.commands.options import AsJson, NoWait, Yes
from ops.errors import UsageError
from ops.screen import Screen

Stack = Annotated[str, typer.Argument(help="staging or production.")]


def init(stack: Stack, *, yes: Yes = False, as_json: AsJson = False, no_wait: NoWait = False) -> None:
    """Make what is missing of the state bucket and its KMS key in the stack's account. Says what, then does it."""
    if stacks.named(stack).is_local:
        msg = f"stack {stack} keeps its state on this machine; only staging and production need boka init."
        raise UsageError(msg)
    from ops import settings  # noqa: PLC0415  # loads pydantic
    from ops.cloud import backend, foundation  # noqa: PLC0415  # loads pydantic
    from ops.cloud.aws import Aws  # noqa: PLC0415  # as above

    chosen = settings.cloud(stacks.named(stack))
    place = foundation.Place(stack=stacks.named(stack), backend=backend.of(chosen), aws=Aws(chosen.region))
    who = place.aws.refuse_foreign(chosen.account_id, place.stack.settings.name)
    missing = foundation.unmet(place)
    made = [need.what(place.backend) for need in missing]
    if made:
        screen = Screen(as_json=as_json)
        screen.say(f"As {who}, make for stack {stack}: {'; '.join(made)}.")
        screen.confirm(stack, yes=yes)
    with session.opened(stack, "init", as_json=as_json, wait=not no_wait) as run:
        for need in missing:
            run.screen.now(need.what(place.backend))
            need.make(place)
            run.screen.say(f"made: {need.what(place.backend)}")
        run.finish(summary.Initialised(stack=stack, url=place.backend.url, made=made, file=place.stack.settings.name))
