"""`boka doctor`: what this machine, or a cloud stack's accounts, lack to raise a stack, and how to get it."""

from typing import Annotated

import typer

from ops import doctor as examination
from ops import stacks
from ops.commands.options import AsJson
from ops.errors import Refused
from ops.screen import Screen

Stack = Annotated[str, typer.Argument(help="Stack to be raised: local asks the machine, the others their accounts.")]


def doctor(stack: Stack = "local", *, as_json: AsJson = False) -> None:
    """Say what is missing to raise a stack, and the command that gets it. Changes nothing."""
    found = _examine(stacks.named(stack))
    Screen(as_json=as_json).result(found)
    if not found.good:
        raise typer.Exit(Refused.exit_code)


def _examine(stack: stacks.Stack) -> examination.Examination:
    if stack.is_local:
        return examination.examine()
    from ops.cloud import doctor as cloud_doctor  # noqa: PLC0415  # loads pydantic

    return cloud_doctor.examine(stack)
