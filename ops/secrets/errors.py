"""What can go wrong with secrets. No message ever carries one.

Refused
├── NoSuchSecret        the catalog has no such name
└── SecretsUnreadable   missing or wrong identity, a damaged file, an entry out of reach
    └── NoSuchEntry     Secrets Manager has none of that name
"""

from pathlib import Path

from ops.errors import Refused


class NoSuchSecret(Refused):
    """The catalog, or the stack's store, has no such name."""

    def __init__(self, name: str, stack: str, known: list[str]) -> None:
        self.name, self.stack = name, stack
        super().__init__(
            f'stack {stack} has no secret "{name}"; it has {", ".join(known) or "none yet"}. '
            f"Correct the name, or run boka up --stack {stack}, which makes missing ones."
        )


class SecretsUnreadable(Refused):
    """Secrets are out of reach. `place` is the file, the identity when that is the trouble, or the entry."""

    def __init__(self, place: Path | str, fact: str, next_step: str) -> None:
        self.place = place
        super().__init__(f"{place}: {fact} Nothing was changed. {next_step}")


class NoSuchEntry(SecretsUnreadable):
    """The base layer, which makes the entries of Secrets Manager, is not raised, or has no such entry."""
