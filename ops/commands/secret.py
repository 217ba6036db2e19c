"""`boka secret`: one secret of a stack, for whoever may read the stack's state."""

from dataclasses import dataclass
from typing import Annotated

import typer

from ops import stacks
from ops.commands.options import AsJson, StackName
from ops.screen import Screen
from ops.secrets import Store

SecretName = Annotated[str, typer.Argument(help="Its name, for example auth/first_login.")]


@dataclass(frozen=True)
class Shown:
    """One secret."""

    name: str
    value: str

    def as_json(self) -> dict[str, str]:
        """Return the facts, stable for scripts."""
        return {"name": self.name, "value": self.value}

    def lines(self) -> list[str]:
        """Return the secret alone, so that it can be piped."""
        return [self.value]


def secret(name: SecretName, *, stack: StackName = "local", as_json: AsJson = False) -> None:
    """Print one secret. It goes to the terminal only; no journal has it."""
    Screen(as_json=as_json).result(Shown(name, Store(stacks.named(stack)).get(name)))
