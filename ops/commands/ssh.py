"""`boka ssh`: a shell, or one command, on a host."""

import shlex
from typing import Annotated

import typer

from ops import fleet, stacks
from ops.commands.options import HostName, StackName

Words = Annotated[list[str] | None, typer.Argument(help="Command to run there, after --; a shell if left out.")]


def ssh(host: HostName, command: Words = None, *, stack: StackName = "local") -> None:
    """Log in to a host as user ops. The host's key is the one that provisioning made; others are refused."""
    chosen = stacks.named(stack)
    remote = [shlex.join(command)] if command else []
    fleet.replace_process([*fleet.ssh_argv(chosen, host, fleet.read(chosen)), *remote])
