"""`/api/admin` and `/api/security-metrics`: for administrators of the platform."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import uuid4

from msgspec.structs import asdict

from boka_app.audit import queries as audit
from boka_app.conventions.api import Api, Call
from boka_app.conventions.model import AlreadyTaken, RowUnknown
from boka_app.identity import invitations, service
from boka_app.identity.admin import model, queries
from boka_app.identity.members import queries as members
from boka_app.identity.model import Count
from boka_app.identity.permissions import OWNER
from boka_app.tenants.queries import enter

api = Api()
_command = partial(api, needs="platform.write")
_SECURITY, _ADMINS = "/api/admin/security", "/api/admin/admins"
_REPORTS: tuple[tuple[str, str, Any, Callable[..., Awaitable[Any]]], ...] = (
    ("/api/security-metrics", "Read the security figures", model.SecurityMetrics, queries.read_metrics),
    (f"{_SECURITY}/mfa-stats", "Read the use of second factors", list[model.MfaStats], queries.list_mfa_stats),
    (
        f"{_SECURITY}/failed-logins",
        "List addresses of failed log-ins",
        list[model.FailedLogins],
        queries.list_failed_logins,
    ),
    (f"{_SECURITY}/locked-accounts", "List locked accounts", list[model.LockedAccount], queries.list_locked_accounts),
    ("/api/admin/switches", "List the switches", list[model.Switch], queries.list_switches),
    (_ADMINS, "List administrators", list[model.Admin], queries.list_admins),
)


def _report(query: Callable[..., Awaitable[Any]]) -> Callable[[Call], Awaitable[Any]]:
    return lambda call: query(call.conn, now=call.now)


for _path, _summary, _form, _query in _REPORTS:
    api(f"GET {_path}", _summary, answer=_form, needs="platform.read")(_report(_query))


@_command(f"DELETE {_SECURITY}/locked-accounts/{{id:uuid}}", "Unlock an account", problems=(RowUnknown,))
async def _unlock(call: Call) -> None:
    """Let unknown addresses try again."""
    if not await queries.unlock(call.conn, call.id):
        raise RowUnknown("locked account")


@_command("POST /api/admin/accounts/{id:uuid}/force-logout", "End all sessions of an account")
async def _force_logout(call: Call) -> Count:
    """End the sessions with their next request, on every host."""
    return Count(count=await service.end_sessions(call.conn, call.id, "forced", call.now))


@_command(f"POST {_ADMINS}", "Make an administrator", status=201)
async def _make_admin(call: Call, wish: model.NewAdmin) -> list[model.Admin]:
    """Raise the account of that address, or make one, and write to it."""
    account_id = await members.ensure_account(call.conn, wish.email, wish.name)
    await queries.set_admin(call.conn, id=account_id, admin=True)
    await invitations.queue_link(call.conn, call.parts, account_id)
    found = await queries.list_admins(call.conn)
    await audit.record(call.conn, "admin.made", account_id)
    return found


@_command(f"DELETE {_ADMINS}/{{id:uuid}}", "Revoke an administrator", problems=(RowUnknown, model.OneselfRevoked))
async def _revoke_admin(call: Call) -> None:
    """Take the right away and end the sessions; the account stays, with its tenants."""
    if call.id == call.principal.id:
        raise model.OneselfRevoked
    if not await queries.revoke_admin(call.conn, call.id, call.now):
        raise RowUnknown("administrator")


@_command("POST /api/admin/tenants", "Take a business in", status=201, problems=(AlreadyTaken,))
async def _make_tenant(call: Call, wish: model.NewTenant) -> model.TenantMade:
    """Make the tenant and its first owner, and write to the owner."""
    tenant_id = uuid4()
    await enter(call.conn, tenant_id, call.principal.actor)
    await queries.insert_tenant(call.conn, id=tenant_id, **asdict(wish))
    owner_id = await members.ensure_account(call.conn, wish.owner.email, wish.owner.name)
    await members.insert_member(call.conn, id=owner_id, role=OWNER, employee_id=None)
    await invitations.invite(call.conn, call.parts, owner_id)
    await audit.record(call.conn, "tenant.made", tenant_id, owner_id=str(owner_id))
    return model.TenantMade(id=tenant_id, slug=wish.slug, owner_id=owner_id)


@_command("PUT /api/admin/switches/{name}", "Turn a switch", problems=(RowUnknown,))
async def _turn(call: Call, wish: model.Turn) -> list[model.Switch]:
    """Turn a switch; every process follows within some two seconds."""
    if not await queries.turn(call.conn, call.path["name"], call.now, enabled=wish.enabled, reason=wish.reason):
        raise RowUnknown("switch")
    return await queries.list_switches(call.conn)
