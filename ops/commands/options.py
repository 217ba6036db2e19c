"""Options that verbs share, so that they are spelt and explained the same everywhere."""

from typing import Annotated

import typer

StackName = Annotated[str, typer.Option("--stack", "-s", envvar="BOKA_STACK", help="Stack to act on.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Stop with exit code 6 if another run has the stack.")]
Detailed = Annotated[bool, typer.Option("--detailed-exitcode", help="Exit with 10 if something is or would be other.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for the stack's name.")]
HostName = Annotated[str, typer.Argument(help="Host, by its name in the fleet, for example app1.")]
