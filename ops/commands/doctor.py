"""`boka doctor`: what this machine lacks to raise a stack, and how to get it."""

import typer

from ops import doctor as examination
from ops.commands.options import AsJson
from ops.errors import Refused
from ops.screen import Screen


def doctor(*, as_json: AsJson = False) -> None:
    """Say what this machine lacks to raise a local stack, and the command that gets it. Changes nothing."""
    found = examination.examine()
    Screen(as_json=as_json).result(found)
    if not found.good:
        raise typer.Exit(Refused.exit_code)
