"""`boka unlock`: a cloud stack can be raised again after a run that was killed."""

from typing import Annotated

import typer

from ops import session, stacks, summary
from ops.commands.options import AsJson, NoWait, Yes
from ops.errors import UsageError
from ops.screen import Screen

Stack = Annotated[str, typer.Argument(help="staging or production.")]
Made = Annotated[list[str] | None, typer.Option("--made", metavar="NAME=ID", help="Was made, and has this id.")]
NoneMade = Annotated[bool, typer.Option("--none-made", help="Nothing else of what was being created is there.")]


def unlock(
    stack: Stack,
    *,
    made: Made = None,
    none_made: NoneMade = False,
    yes: Yes = False,
    as_json: AsJson = False,
    no_wait: NoWait = False,
) -> None:
    """Free the state of a stack from a run that was killed, and settle what that run was creating."""
    chosen = stacks.named(stack)
    if chosen.is_local:
        raise UsageError(f"stack {stack} keeps its state on this machine; boka up frees it by itself.")
    from ops import engine  # noqa: PLC0415  # loads pydantic
    from ops.cloud import leftovers as cloud_leftovers  # noqa: PLC0415  # loads pydantic

    locks = cloud_leftovers.locks(chosen)
    if any(lock.lives for lock in locks):
        cloud_leftovers.refuse_held(chosen)
    ids = cloud_leftovers.by_urn(chosen, cloud_leftovers.unended(chosen), made or [])
    screen = Screen(as_json=as_json)
    for told in summary.describe_locks(locks):
        screen.say(told)
    if locks or ids or none_made:
        screen.confirm(stack, yes=yes)
    with session.opened(stack, "unlock", as_json=as_json, wait=not no_wait) as run:
        for lock in locks:
            cloud_leftovers.free(chosen, lock)
        for layer in {one.layer for one in cloud_leftovers.unended(chosen)} if ids or none_made else ():
            engine.settle(chosen, layer, run.screen, ids, none_made=none_made)
        left = cloud_leftovers.unended(chosen)
        run.finish(summary.Unlocked(stack=stack, freed=summary.describe_locks(locks), unended=left))
