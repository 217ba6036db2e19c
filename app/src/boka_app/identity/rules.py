"""What a role or a key may do, and when an attempt to log in is not even looked at: decided from values."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

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


def scopes_refused(scopes: Iterable[str], maker_needs: frozenset[str]) -> frozenset[str]:
    """Return the scopes of a tenant's key that its maker cannot give: a key may do no more than who makes it."""
    asked = (frozenset(scopes) - {"*"}) | needs_of_key(scopes, platform=False)
    return asked - (maker_needs & NEEDS_BY_ROLE[OWNER])


FREE_FAILURES = 5  # of one pair of account and address: people mistype
PAIR_WINDOW = timedelta(hours=24)
ADDRESS_WINDOW, ADDRESS_BUDGET = timedelta(minutes=15), 50  # failures of one address, whatever the account
ACCOUNT_BUDGET = 50  # failures of one account, from wherever; after them only known addresses get in
KNOWN_FOR = timedelta(days=90)  # since a log-in from there succeeded
BOUNDS: dict[str, Any] = {  # by the names that the statement on attempts has for them
    "pair_window": PAIR_WINDOW,
    "address_window": ADDRESS_WINDOW,
    "account_budget": ACCOUNT_BUDGET,
    "known_for": KNOWN_FOR,
}
_LONGEST = timedelta(minutes=15)
_LONGEST_LOCK = timedelta(hours=1)


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried before: of this pair since its last success, and of this address."""

    pair_failures: int
    last_failure_at: datetime | None
    address_failures: int
    known: bool
    locked_until: datetime | None


def refusal(history: History, now: datetime) -> tuple[str, timedelta] | None:
    """Return why and for how long an attempt is not even looked at, or None. See docs/adr/0006."""
    if history.last_failure_at is not None:
        wait = history.last_failure_at + _pause(history.pair_failures) - now
        if wait > timedelta(0):
            return "throttled", wait
    if history.known:
        return None
    if history.locked_until is not None and history.locked_until > now:
        return "locked", history.locked_until - now
    if history.address_failures >= ADDRESS_BUDGET:
        return "throttled", ADDRESS_WINDOW
    return None


def locked_for(account_failures: int) -> timedelta | None:
    """Return for how long unknown addresses are kept from an account after so many failures."""
    over = account_failures - ACCOUNT_BUDGET
    return min(_LONGEST * 2 ** min(over, 8), _LONGEST_LOCK) if over >= 0 else None


def _pause(failures: int) -> timedelta:
    over = failures - FREE_FAILURES
    return min(timedelta(seconds=2 ** min(over, 16)), _LONGEST) if over >= 0 else timedelta(0)
