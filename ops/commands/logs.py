"""`boka logs`: a host's journal."""

import shlex
from typing import Annotated

import typer

from ops import fleet, stacks
from ops.commands.options import HostName, StackName

Unit = Annotated[str | None, typer.Option("--unit", "-u", help="Only this unit, for example nginx.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come in.")]
Lines = Annotated[int, typer.Option("--lines", "-n", help="How many lines from the end.")]


def logs(
    host: HostName, *, stack: StackName = "local", unit: Unit = None, follow: Follow = False, lines: Lines = 100
) -> None:
    """Show a host's journal, the newest lines last."""
    chosen = stacks.named(stack)
    remote = journalctl(unit, follow=follow, lines=lines)
    fleet.replace_process([*fleet.ssh_argv(chosen, host, fleet.read(chosen)), shlex.join(remote)])


def journalctl(unit: str | None, *, follow: bool, lines: int) -> list[str]:
    """Return the command line for the host."""
    options = [*(["--unit", unit] if unit else []), *(["--follow"] if follow else [])]
    return ["sudo", "journalctl", "--no-pager", "--output=short-iso", "--lines", str(lines), *options]
