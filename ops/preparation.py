"""What must be there before a host is: tools and secrets. (The ssh key is infra's own.)"""

from ops.screen import Screen
from ops.secrets import Store
from ops.stacks import Stack

_TOOLS = ("pulumi",)
_LOCAL_TOOLS = (*_TOOLS, "pebble", "versitygw")  # these two play the internet of a local stack


def ensure(stack: Stack, screen: Screen) -> None:
    """Get the missing tools, make the missing secrets, change none that is there."""
    import tools  # noqa: PLC0415  # loads pydantic

    screen.now("looking for tools")
    tools.ensure_all(_LOCAL_TOOLS if stack.is_local else _TOOLS)
    made = ensure_secrets(stack)
    if made:
        screen.say(f"made {len(made)} secrets in {stack.secrets}")


def ensure_secrets(stack: Stack) -> list[str]:
    """Make what is missing of the secrets and the internal authority's certificate; return the new names."""
    from ops.secrets import authority  # noqa: PLC0415  # loads cryptography

    store = Store(stack)
    made = store.ensure()
    return [*made, "ca/ca.pem"] if authority.ensure_certificate(stack, store) else made
