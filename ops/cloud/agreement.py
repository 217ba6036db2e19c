"""What an operator is told, and asked, before `boka up` changes anything in a cloud."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ops import settings, summary
from ops.engine import Outcome
from ops.session import Session
from ops.stacks import Stack

if TYPE_CHECKING:
    from infra.cost import Estimate


def cost(stack: Stack) -> "Estimate | None":
    """Return what a cloud stack costs; a local one costs nothing."""
    if stack.is_local:
        return None
    from infra import cost, fleet  # noqa: PLC0415  # loads pydantic

    chosen = settings.cloud(stack)
    return cost.estimate(chosen, fleet.describe_cloud(chosen), cost.table())


def asking(run: Session, *, yes: bool) -> Callable[[Outcome], None]:
    """Return what tells the operator what would be done and, on a terminal, asks for the stack's name.

    Raises when called:
        NotConfirmed: another text was typed.
    """

    def agree(outcome: Outcome) -> None:
        price = cost(run.stack)
        for line in summary.Previewed(stack=run.stack.name, resources=outcome).outlook():
            run.screen.say(line)
        if price:
            run.screen.say(summary.describe_cost(price)[0])
        if outcome.changed and sys.stdin.isatty():
            run.screen.confirm(run.stack.name, yes=yes)

    return agree
