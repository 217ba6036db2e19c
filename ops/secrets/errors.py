"""What can go wrong with secrets. No message ever carries one.

Refused
├── NoSuchSecret        the catalog has no such name
└── SecretsUnreadable   missing or wrong identity, or a damaged file
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
    """A file of secrets could not be opened. `path` is the file, or the identity when that is the trouble."""

    def __init__(self, path: Path, fact: str, next_step: str) -> None:
        self.path = path
        super().__init__(f"{path}: {fact} Nothing was changed. {next_step}")
