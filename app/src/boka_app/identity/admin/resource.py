"""`/api/admin` and `/api/security-metrics`: for administrators of the platform."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from boka_app.audit import queries as audit
from boka_app.conventions.model import RowUnknown
from boka_app.database import Connection
from boka_app.identity import invitations
from boka_app.identity import queries as accounts
from boka_app.identity.admin import queries
from boka_app.identity.admin.model import (
    Admin,
    FailedLogins,
    LockedAccount,
    MfaStats,
    NewAdmin,
    NewTenant,
    OneselfRevoked,
    SecurityMetrics,
    Switch,
    TenantMade,
    Turn,
)
from boka_app.identity.members import queries as members
from boka_app.identity.model import Count
from boka_app.identity.permissions import OWNER
from boka_app.identity.responding import Call, address, responder
from boka_app.parts import Parts, Routes
from boka_app.tenants.model import PLATFORM
from boka_app.tenants.queries import enter

_SECURITY = "/api/admin/security"
_REPORTS: tuple[tuple[str, str, Any, Callable[[Connection, datetime], Awaitable[Any]]], ...] = (
    ("/api/security-metrics", "Read the security figures", SecurityMetrics, queries.security_metrics),
    (f"{_SECURITY}/mfa-stats", "Read the use of second factors", list[MfaStats], queries.mfa_stats),
    (f"{_SECURITY}/failed-logins", "List addresses of failed log-ins", list[FailedLogins], queries.failed_logins),
    (f"{_SECURITY}/locked-accounts", "List locked accounts", list[LockedAccount], queries.locked_accounts),
    ("/api/admin/switches", "List the switches", list[Switch], queries.list_switches),
)


def routes(parts: Parts) -> Routes:
    """Return the addresses of administrators."""
    look = partial(responder, parts, needs="platform.read", within="platform")
    command = partial(responder, parts, needs="platform.write", within="platform")
    admins = look(_report(queries.list_admins), "List administrators", answer=list[Admin])
    make = command(_make_admin, "Make an administrator", answer=list[Admin], body=NewAdmin, status=201)
    revoke = command(_revoke_admin, "Revoke an administrator", problems=("row-unknown", "oneself-revoked"))
    take_in = command(
        _make_tenant, "Take a business in", answer=TenantMade, body=NewTenant, status=201, problems=("already-taken",)
    )
    force = command(_force_logout, "End all sessions of an account", answer=Count)
    unlock = command(_unlock, "Unlock an account", problems=("row-unknown",))
    turn = command(_turn, "Turn a switch", answer=list[Switch], body=Turn, problems=("row-unknown",))
    return [
        *((path, address(get=look(_report(query), summary, answer=form))) for path, summary, form, query in _REPORTS),
        (f"{_SECURITY}/locked-accounts/{{id:uuid}}", address(delete=unlock)),
        ("/api/admin/accounts/{id:uuid}/force-logout", address(post=force)),
        ("/api/admin/admins", address(get=admins, post=make)),
        ("/api/admin/admins/{id:uuid}", address(delete=revoke)),
        ("/api/admin/tenants", address(post=take_in)),
        ("/api/admin/switches/{name}", address(put=turn)),
    ]


def _report(query: Callable[[Connection, datetime], Awaitable[Any]]) -> Callable[[Call], Awaitable[Any]]:
    return lambda call: query(call.conn, call.parts.now())


async def _unlock(call: Call) -> None:
    """Let unknown addresses try again."""
    if not await accounts.forget_failures(call.conn, call.id):
        raise RowUnknown("locked account")
    await audit.record(call.conn, "account.unlocked", call.id)


async def _force_logout(call: Call) -> Count:
    """End the sessions with their next request, on every host."""
    ended = await accounts.revoke_sessions(call.conn, call.id, "forced", call.parts.now())
    await audit.record(call.conn, "sessions.ended", call.id, reason="forced", ended=ended)
    return Count(count=ended)


async def _make_admin(call: Call) -> list[Admin]:
    """Raise the account of that address, or make one, and write to it."""
    new: NewAdmin = call.wish
    account_id = await members.ensure_account(call.conn, new.email, new.name)
    await queries.set_admin(call.conn, account_id, admin=True)
    await invitations.queue_link(call.conn, call.parts, account_id)
    found = await queries.list_admins(call.conn, call.parts.now())
    await audit.record(call.conn, "admin.made", account_id)
    return found


async def _revoke_admin(call: Call) -> None:
    """Take the right away and end the sessions; the account stays, with its tenants."""
    if call.id == call.principal.id:
        raise OneselfRevoked
    if not await queries.revoke_admin(call.conn, call.id, call.parts.now()):
        raise RowUnknown("administrator")


async def _make_tenant(call: Call) -> TenantMade:
    """Make the tenant and its first owner, and write to the owner."""
    new: NewTenant = call.wish
    tenant_id = uuid4()
    await enter(call.conn, tenant_id, call.principal.actor)
    await queries.insert_tenant(call.conn, tenant_id, new)
    owner_id = await members.ensure_account(call.conn, new.owner.email, new.owner.name)
    await members.write_member(call.conn, owner_id, new=True, role=OWNER, employee_id=None)
    await invitations.invite(call.conn, call.parts, owner_id)
    await audit.record(call.conn, "tenant.made", tenant_id, owner_id=str(owner_id))
    return TenantMade(id=tenant_id, slug=new.slug, owner_id=owner_id)


async def _turn(call: Call) -> list[Switch]:
    """Turn a switch; every process follows within some two seconds."""
    wish: Turn = call.wish
    name, now = call.path["name"], call.parts.now()
    if not await queries.turn(call.conn, name, enabled=wish.enabled, reason=wish.reason, now=now):
        raise RowUnknown("switch")
    found = await queries.list_switches(call.conn, now)
    await audit.record(call.conn, "switch.turned", PLATFORM, name=name, enabled=wish.enabled)
    return found
