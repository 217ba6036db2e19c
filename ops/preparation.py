"""What must be there before a host is: tools and secrets. (The ssh key is infra's own.)"""

from ops.screen import Screen
from ops.secrets import Store
from ops.secrets.files import Files
from ops.secrets.store import driver_of, left_behind
from ops.stacks import Stack

_TOOLS = ("pulumi",)
_LOCAL_TOOLS = (*_TOOLS, "pebble", "versitygw")  # these two play the internet of a local stack


def ensure(stack: Stack, screen: Screen) -> None:
    """Get the missing tools, make the missing secrets, change none that is there."""
    import tools  # noqa: PLC0415  # loads pydantic

    screen.now("looking for tools")
    tools.ensure_all(_LOCAL_TOOLS if stack.is_local else _TOOLS)
    if not _lie_in_the_cloud(stack):
        _make_secrets(stack, screen)


def ensure_in_cloud(stack: Stack, screen: Screen) -> None:
    """Make the missing secrets of a stack that keeps them in its cloud, once the base layer made the place for them."""
    if _lie_in_the_cloud(stack):
        _make_secrets(stack, screen)


def ensure_secrets(stack: Stack) -> list[str]:
    """Make what is missing of the secrets and the internal authority's certificate; return the new names."""
    from ops.secrets import authority  # noqa: PLC0415  # loads cryptography

    store = Store(stack)
    made = store.ensure(lambda: left_behind(stack))
    return [*made, "ca/ca.pem"] if authority.ensure_certificate(stack, store) else made


def _make_secrets(stack: Stack, screen: Screen) -> None:
    made = ensure_secrets(stack)
    if made:
        screen.say(f"made {len(made)} secrets in {Store(stack).where}")


def _lie_in_the_cloud(stack: Stack) -> bool:
    return not isinstance(driver_of(stack), Files)
