"""Whether this operator can open the hosts of a cloud stack: by a key of their own, which the settings name."""

from infra import paths
from ops import settings
from ops.errors import Refused
from ops.stacks import Stack


class NoKey(Refused):
    """There is no public key where it is looked for."""

    def __init__(self, stack: Stack, path: str) -> None:
        super().__init__(
            f"{path} does not exist, and hosts of {stack.name} open to keys alone. Name your key's file in "
            f"$BOKA_SSH_KEY (its public half, where an agent has the private one), or make one: ssh-keygen -t ed25519"
        )


class StrangeKey(Refused):
    """The settings do not name this operator's key, so no host would let them in."""

    def __init__(self, stack: Stack, path: str) -> None:
        super().__init__(
            f"{path} holds a key that {stack.settings.name} does not name. Add its line to boka:operator_keys, or name "
            f"another file in $BOKA_SSH_KEY."
        )


def refuse_unknown(stack: Stack) -> None:
    """Let operators pass whose public key is in the settings of the stack.

    Raises:
        NoKey: there is none.
        StrangeKey: it is not among the settings' keys.
    """
    key = paths.operator_key()
    public = key if key.suffix == ".pub" else key.with_name(f"{key.name}.pub")
    if not public.exists():
        raise NoKey(stack, str(public))
    ours = public.read_text(encoding="utf-8").split()[:2]
    if ours not in [known.split()[:2] for known in settings.cloud(stack).operator_keys]:
        raise StrangeKey(stack, str(public))
