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
    fleet.replace_process([*fleet.ssh_argv(chosen, host, fleet.read(chosen)), *remote_words(command or [])])


def remote_words(command: list[str]) -> list[str]:
    """Return what the host's shell gets: one word is a shell line, as with ssh; several arrive as they are here."""
    return [shlex.join(command)] if len(command) > 1 else command
