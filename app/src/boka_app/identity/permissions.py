"""What each role may do: the one table. A responder names its need, and no request passes without it.

The roles of a tenant are those of table `role`; `platform_admin` is apart and has no need of a tenant.
"""

from typing import Final

OWNER: Final = "owner"
MANAGER: Final = "manager"
STAFF: Final = "staff"
READ_ONLY: Final = "read_only"
PLATFORM_ADMIN: Final = "platform_admin"
ACCOUNT: Final = "account"  # anybody who logged in, outside every tenant

ROLES = (OWNER, MANAGER, STAFF, READ_ONLY)
_ALL = frozenset(ROLES)
_WRITERS = frozenset({OWNER, MANAGER, STAFF})
_LEADERS = frozenset({OWNER, MANAGER})
_OWNER = frozenset({OWNER})
_PLATFORM = frozenset({PLATFORM_ADMIN})

ROLES_BY_NEED: dict[str, frozenset[str]] = {
    "account.self": frozenset({ACCOUNT}),  # one's own password, sessions, second factor
    "appointments.read": _ALL,
    "appointments.write": _WRITERS,
    "customers.read": _ALL,
    "customers.write": _WRITERS,
    "customers.erase": _LEADERS,
    "customers.export": _LEADERS,
    "catalog.read": _ALL,
    "catalog.write": _LEADERS,
    "calendars.read": _ALL,
    "calendars.write": _WRITERS,
    "messages.read": _ALL,
    "messages.write": _LEADERS,
    "payments.read": _LEADERS,
    "payments.write": _LEADERS,
    "payments.setup": _OWNER,
    "webhooks.read": _LEADERS,
    "webhooks.write": _LEADERS,
    "analytics.read": _ALL,
    "audit.read": _LEADERS,
    "tenant.read": _ALL,
    "tenant.write": _LEADERS,
    "members.read": _LEADERS,
    "members.write": _OWNER,
    "keys.read": _LEADERS,
    "keys.write": _OWNER,
    "platform.read": _PLATFORM,
    "platform.write": _PLATFORM,
}

MFA_ROLES = _PLATFORM  # count only in a session begun with a second factor; add _OWNER to ask it of owners too
NEEDS_BY_ROLE = {
    role: frozenset(need for need, roles in ROLES_BY_NEED.items() if role in roles)
    for role in (*ROLES, PLATFORM_ADMIN, ACCOUNT)
}
