"""`boka adopt`: what a Cloudflare zone has already becomes the stack's, as it is."""

from typing import Annotated

import typer

from ops import session, stacks, summary
from ops.commands.options import AsJson, NoWait, Yes
from ops.errors import UsageError

Stack = Annotated[str, typer.Argument(help="staging or production.")]


def adopt(stack: Stack, *, yes: Yes = False, as_json: AsJson = False, no_wait: NoWait = False) -> None:
    """Take over what the zone has already: records, settings, rules. Says what and asks; changes nothing there."""
    if stacks.named(stack).is_local:
        msg = f"stack {stack} has no zone at Cloudflare; only staging and production can adopt one."
        raise UsageError(msg)
    from ops import settings  # noqa: PLC0415  # loads pydantic
    from ops.cloud import adoption  # noqa: PLC0415  # loads pydantic

    with session.opened(stack, "adopt", as_json=as_json, wait=not no_wait) as run:
        layers = adoption.look(run, settings.cloud(run.stack))
        taken = [one.line() for layer in layers for one in layer.plan.taken]
        left = [name for layer in layers for name in layer.plan.left]
        for text in (*(f"take over {line}" for line in taken), *(f"leave {name}: it is none of ours" for name in left)):
            run.screen.say(text)
        in_the_way = [line for layer in layers for line in layer.plan.in_the_way]
        if in_the_way:
            raise adoption.InTheWay(in_the_way)
        if taken:
            run.screen.confirm(stack, yes=yes)
        for layer in layers:
            adoption.take(run, layer)
        run.finish(summary.Adopted(stack=stack, taken=taken, left=left))
