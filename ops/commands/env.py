"""`boka env`: what a bare `pulumi` or `ansible` needs to act on the same stack."""

import shlex
from dataclasses import dataclass

from ops import engine, plays, stacks
from ops.commands.options import AsJson, StackName
from ops.screen import Screen


@dataclass(frozen=True)
class Exports:
    """Environment variables by name."""

    variables: dict[str, str]

    def as_json(self) -> dict[str, str]:
        """Return the facts, stable for scripts."""
        return self.variables

    def lines(self) -> list[str]:
        """Return lines for a shell to evaluate."""
        return [f"export {name}={shlex.quote(value)}" for name, value in self.variables.items()]


def env(*, stack: StackName = "local", as_json: AsJson = False) -> None:
    """Print the environment for a bare pulumi or ansible. Use: eval "$(boka env)"."""
    chosen = stacks.named(stack)
    Screen(as_json=as_json).result(Exports(plays.environment(chosen, {}) | engine.environment(chosen)))
