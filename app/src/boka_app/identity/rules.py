"""What a role or a key amounts to in one request: decided here, from values."""

from collections.abc import Iterable

from boka_app.identity.permissions import MANAGER, NEEDS_BY_ROLE, OWNER, PLATFORM_ADMIN


def needs_of_roles(roles: Iterable[str]) -> frozenset[str]:
    """Return all that somebody with these roles may do."""
    return frozenset[str]().union(*(NEEDS_BY_ROLE[role] for role in roles))


def needs_of_key(scopes: Iterable[str], *, platform: bool) -> frozenset[str]:
    """Return what a key may do in its tenant, or on the platform.

    `*` stands for all that a manager may do: members, keys and accounts for payments must be named. No role has the
    need account.self, so no key has: it is no person.
    """
    given = frozenset(scopes)
    most = NEEDS_BY_ROLE[PLATFORM_ADMIN if platform else OWNER]
    usual = NEEDS_BY_ROLE[PLATFORM_ADMIN if platform else MANAGER]
    return (given & most) | usual if "*" in given else given & most
