"""The secrets of one stack by name, whichever place its settings say that they lie in."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Protocol

from ops import settings, stacks
from ops.secrets import catalog
from ops.secrets.catalog import GROUPS
from ops.secrets.entries import Entries
from ops.secrets.errors import NoSuchEntry, NoSuchSecret
from ops.secrets.files import Files
from ops.stacks import Stack

Secrets = dict[str, str]


class Driver(Protocol):
    """A place of secrets: a document a group, to which secrets are added and of which none is changed."""

    where: str

    def read(self, group: str) -> Secrets:
        """Return the secrets of a group; empty when there are none yet."""
        ...

    def refuse_unready(self) -> None:
        """Raise SecretsUnreadable when it is known by now that secrets cannot be made or read there."""
        ...

    def add(self, group: str, new: Secrets) -> Secrets:
        """Write what the group lacks of `new` and return the whole group, as others may have written to it too."""
        ...


class Store:
    """The secrets of one stack by name (`database/valkey`). Reads each group once."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._driver = driver_of(stack)
        self._opened: dict[str, Secrets] = {}
        self.where = self._driver.where

    def get(self, name: str) -> str:
        """Return one secret.

        Raises:
            NoSuchSecret: the stack has none of that name.
            SecretsUnreadable: where it lies cannot be read.
        """
        if not self._stack.is_local and name in catalog.CLOUDFLARE:
            return self._token(name)
        group, _, key = name.partition("/")
        found = self._open(group).get(key) if group in GROUPS else None
        if found is None:
            elsewhere = [] if self._stack.is_local else sorted(catalog.CLOUDFLARE)
            raise NoSuchSecret(name, self._stack.name, [*self.names(), *elsewhere])
        return found

    def names(self) -> list[str]:
        """Return the names of all secrets that the stack has now; those that Cloudflare made are not looked for."""
        return sorted(f"{group}/{key}" for group in GROUPS for key in self._open(group))

    def ensure(self, known: Callable[[], Mapping[str, str]] = dict) -> list[str]:
        """Make every secret of the catalog that is missing, change none, and return the names of the new ones.

        `known` is asked when some are missing: what it has is taken over and not made anew.
        """
        present = self.names()
        missing = [name for name in catalog.of(is_local=self._stack.is_local) if name not in present]
        had = {name: value for name, value in known().items() if name not in present} if missing else {}
        return self.add(had | {name: catalog.CATALOG[name]() for name in missing if name not in had})

    def add(self, new: Mapping[str, str]) -> list[str]:
        """Keep secrets whose names the stack lacks, change none, and return the names of the new ones."""
        for group in GROUPS:
            mine = {name.partition("/")[2]: value for name, value in new.items() if name.startswith(f"{group}/")}
            if mine:
                self._opened[group] = self._driver.add(group, mine)
        return [name for name, value in new.items() if self.get(name) == value]  # another machine may have been first

    def _open(self, group: str) -> Secrets:
        if group not in self._opened:
            self._opened[group] = self._driver.read(group)
        return self._opened[group]

    def _token(self, name: str) -> str:
        """What Pulumi wrote: `{"id", "value"}` of one token, in Secrets Manager wherever the rest lies."""
        entry, field = catalog.CLOUDFLARE[name]
        if entry not in self._opened:
            self._opened[entry] = Entries(settings.cloud(self._stack)).read(entry)
        return self._opened[entry][field]


@cache
def opened(name: str) -> Store:
    """Return the store of a stack, one for each process and whatever it forks: each group is read once, not once a use.

    Raises:
        UsageError: there can be no such stack.
    """
    return Store(stacks.named(name))


def driver_of(stack: Stack) -> Driver:
    """Return where the stack's settings say that its secrets lie.

    Raises:
        SettingsError: they say something else than there is.
    """
    if stack.is_local or settings.chosen(stack).get("secrets_in", "repository") == "repository":
        return Files(stack)
    return Entries(settings.cloud(stack))


def left_behind(stack: Stack) -> Secrets:
    """Return what a cloud stack has in the place that its settings do not say: it was moved, or nothing is there."""
    if stack.is_local:
        return {}
    other = Entries(settings.cloud(stack)) if isinstance(driver_of(stack), Files) else Files(stack)
    try:
        return {f"{group}/{key}": value for group in GROUPS for key, value in other.read(group).items()}
    except NoSuchEntry:
        return {}
