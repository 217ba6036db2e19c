"""Which stacks there may be and where each keeps its things. Reads and writes nothing."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from infra import paths
from ops.errors import UsageError

CHECKOUT = Path(__file__).resolve().parent.parent
_LASTING = ("local", "staging", "production")
_THROWAWAY = re.compile(r"t[0-9a-f]{4}")


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack by name, with the places of its state. What infra writes too is named by `infra.paths`."""

    name: str

    @property
    def is_throwaway(self) -> bool:
        """A test's own stack: its settings are in its state, not in the repository."""
        return _THROWAWAY.fullmatch(self.name) is not None

    @property
    def is_local(self) -> bool:
        """Its hosts run on this machine."""
        return self.name == "local" or self.is_throwaway

    @property
    def environment(self) -> str:
        """`local`, `staging` or `production`."""
        return "local" if self.is_local else self.name

    @property
    def layers(self) -> tuple[str, ...]:
        """Its Pulumi stacks, in the order in which they are raised. All of them read the one settings file."""
        return (self.name,) if self.is_local else (f"{self.name}-base", self.name)

    @property
    def state(self) -> Path:
        """Everything of this stack that `boka down` removes."""
        return paths.stack_dir(self.name)

    @property
    def settings(self) -> Path:
        """What the operator decided: in the repository or, for a throwaway stack, in its state."""
        return (self.state if self.is_throwaway else CHECKOUT) / f"Pulumi.{self.name}.yaml"

    @property
    def pulumi(self) -> Path:
        """PULUMI_HOME and, of a local stack, Pulumi's backend."""
        return self.state / "pulumi"

    @property
    def secrets(self) -> Path:
        """The age-encrypted files: in the state of a local stack, in the repository of the others."""
        return self.state / "secrets" if self.is_local else CHECKOUT / "secrets" / self.name

    @property
    def authority(self) -> Path:
        """Public certificates: of the internal authority, and of the one that signs the site."""
        return self.state / "ca"

    @property
    def inventory(self) -> Path:
        """The folder that ansible-playbook gets: one for all stacks, whose groups tell them apart."""
        return CHECKOUT / "inventories"


def named(name: str) -> Stack:
    """Return the stack of this name.

    Raises:
        UsageError: there can be no such stack.
    """
    if name not in _LASTING and not _THROWAWAY.fullmatch(name):
        msg = (
            f'no stack can be called "{name}"; allowed are local, staging, production, and t + 4 hex digits for tests.'
        )
        raise UsageError(msg)
    return Stack(name)


def throwaway_name() -> str:
    """Return a name for a test's own stack."""
    return f"t{secrets.token_hex(2)}"
