"""`boka config`: what an operator may decide, and what the stack has."""

from typing import Annotated

import typer

from ops import explanation, stacks
from ops.commands.options import AsJson
from ops.screen import Screen

app = typer.Typer(name="config", help="Settings of a stack.", no_args_is_help=True, rich_markup_mode=None)
Stack = Annotated[str, typer.Argument(envvar="BOKA_STACK", help="Stack whose settings are explained.")]


@app.callback()
def config() -> None:
    """Explain what an operator may decide."""


@app.command()
def explain(stack: Stack = "local", *, as_json: AsJson = False) -> None:
    """Print every setting: type, default, meaning, and the value that the stack has. Changes nothing."""
    Screen(as_json=as_json).result(explanation.of(stacks.named(stack)))
