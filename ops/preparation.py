"""What must be there before a host is: tools, secrets, keys."""

from ops.screen import Screen
from ops.secrets import keys
from ops.stacks import Stack


def ensure(stack: Stack, screen: Screen) -> None:
    """Get the missing tools, make the missing secrets and keys, change none that is there."""
    import tools  # noqa: PLC0415  # loads pydantic

    screen.now("looking for tools")
    tools.ensure("pulumi")
    made = keys.ensure_all(stack)
    if made:
        screen.say(f"made {len(made)} secrets and keys in {stack.state}")
