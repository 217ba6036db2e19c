"""`boka status`: does everything answer?"""

import typer

from ops import fleet, health, stacks
from ops.commands.options import AsJson, StackName
from ops.errors import HostUnreachable
from ops.screen import Screen


def status(*, stack: StackName = "local", as_json: AsJson = False) -> None:
    """Ask every host and the site, at once and from outside. Exit code 4 if something does not answer."""
    chosen = stacks.named(stack)
    found = health.of(chosen, fleet.read(chosen))
    Screen(as_json=as_json).result(found)
    if not found.good:
        raise typer.Exit(HostUnreachable.exit_code)
