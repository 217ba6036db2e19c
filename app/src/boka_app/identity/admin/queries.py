"""SQL of the platform: accounts, attempts, switches, new tenants."""

from datetime import datetime
from uuid import UUID

from psycopg import errors

from boka_app.audit import queries as audit
from boka_app.conventions.model import AlreadyTaken
from boka_app.database import Connection
from boka_app.identity.admin.model import (
    Admin,
    FailedLogins,
    LockedAccount,
    MfaStats,
    NewTenant,
    SecurityMetrics,
    Switch,
)
from boka_app.identity.queries import revoke_sessions
from boka_app.identity.rows import many, one, run

_MFA_STATS = """
select
    case when platform_admin then 'administrators' else 'others' end as group,
    count(*) as accounts, count(totp_confirmed_at) as with_mfa
from account
where disabled_at is null
group by 1
order by 1
"""

_LOCKED = """
select id, email, failed_logins, locked_until
from account
where locked_until > %(now)s
order by locked_until desc, id
limit 500
"""

_FAILED = """
select address, count(*) as failed, count(distinct email_hash) as accounts, max(at) as last_at
from login_attempt
where at > %(now)s - interval '1 day' and outcome <> 'succeeded'
group by address
order by failed desc, address
limit 100
"""

_METRICS = """
select
    (select count(*) from account_session where revoked_at is null and expires_at > %(now)s) as sessions_active,
    a.*, k.*, l.*
from (
    select
        count(*) as accounts,
        count(totp_confirmed_at) as accounts_with_mfa,
        count(*) filter (where locked_until > %(now)s) as accounts_locked,
        count(*) filter (where platform_admin) as administrators
    from account
    where disabled_at is null
) a, (
    select count(*) as api_keys_active, count(*) filter (where emergency) as emergency_keys_active
    from api_key
    where revoked_at is null and expires_at > %(now)s
) k, (
    select
        count(*) filter (where outcome = 'succeeded' and at > %(now)s - interval '1 hour') as logins_last_hour,
        count(*) filter (where outcome <> 'succeeded' and at > %(now)s - interval '1 hour') as failed_logins_last_hour,
        count(*) filter (where outcome <> 'succeeded') as failed_logins_last_day
    from login_attempt
    where at > %(now)s - interval '1 day'
) l
"""

_ADMINS = """
select
    id, email, name, totp_confirmed_at is not null as mfa, password_hash is not null as active,
    (select max(created_at) from account_session s where s.account_id = account.id) as last_login_at
from account
where platform_admin
order by email
"""

_SET_ADMIN = """
update account
set platform_admin = %(admin)s
where id = %(id)s and platform_admin <> %(admin)s
"""

_INSERT_TENANT = """
insert into tenant (id, slug, name, time_zone, locale, currency)
values (%(id)s, %(slug)s, %(name)s, %(time_zone)s, %(locale)s, %(currency)s)
"""

_SWITCHES = """
select name, enabled, reason, changed_at
from platform_switch
order by name
"""

_TURN = """
update platform_switch
set enabled = %(enabled)s, reason = %(reason)s, changed_at = %(now)s
where name = %(name)s
"""

_FORGET_SESSIONS = """
delete from account_session
where id in (
    select id
    from account_session
    where expires_at < %(before)s or revoked_at < %(before)s
    limit 5000
)
"""

_FORGET_ATTEMPTS = """
delete from login_attempt
where id in (
    select id
    from login_attempt
    where at < %(known_before)s or (at < %(before)s and outcome <> 'succeeded')
    limit 5000
)
"""


async def mfa_stats(conn: Connection, _now: datetime) -> list[MfaStats]:
    """Return how far the second factor has spread."""
    return await many(conn, MfaStats, _MFA_STATS)


async def locked_accounts(conn: Connection, now: datetime) -> list[LockedAccount]:
    """Return the accounts that are locked for unknown addresses."""
    return await many(conn, LockedAccount, _LOCKED, {"now": now})


async def failed_logins(conn: Connection, now: datetime) -> list[FailedLogins]:
    """Return the addresses from which most log-ins failed in the last day."""
    return await many(conn, FailedLogins, _FAILED, {"now": now})


async def security_metrics(conn: Connection, now: datetime) -> SecurityMetrics:
    """Return the figures of the security dashboard."""
    found = await one(conn, SecurityMetrics, _METRICS, {"now": now})
    assert found is not None  # noqa: S101  aggregates always have a row
    return found


async def list_admins(conn: Connection, _now: datetime) -> list[Admin]:
    """Return the administrators."""
    return await many(conn, Admin, _ADMINS)


async def set_admin(conn: Connection, account_id: UUID, *, admin: bool) -> bool:
    """Make an account an administrator or not; tell whether that changed something."""
    return await run(conn, _SET_ADMIN, id=account_id, admin=admin) == 1


async def revoke_admin(conn: Connection, account_id: UUID, now: datetime) -> bool:
    """Take the right away, end the sessions, note it; tell whether it was an administrator."""
    if not await set_admin(conn, account_id, admin=False):
        return False
    ended = await revoke_sessions(conn, account_id, "forced", now)
    await audit.record(conn, "admin.revoked", account_id, ended=ended)
    return True


async def insert_tenant(conn: Connection, tenant_id: UUID, new: NewTenant) -> None:
    """Insert the tenant that the transaction has entered.

    Raises:
        AlreadyTaken: another has the name.
    """
    columns = {name: getattr(new, name) for name in ("slug", "name", "time_zone", "locale", "currency")}
    try:
        await run(conn, _INSERT_TENANT, id=tenant_id, **columns)
    except errors.UniqueViolation as err:
        raise AlreadyTaken("tenant_slug_unique") from err


async def list_switches(conn: Connection, _now: datetime) -> list[Switch]:
    """Return the switches."""
    return await many(conn, Switch, _SWITCHES)


async def turn(conn: Connection, name: str, *, enabled: bool, reason: str, now: datetime) -> bool:
    """Turn a switch; tell whether there is such a one."""
    return await run(conn, _TURN, name=name, enabled=enabled, reason=reason, now=now) == 1


async def forget_sessions(conn: Connection, before: datetime) -> int:
    """Remove up to 5,000 sessions that ended before; return how many."""
    return await run(conn, _FORGET_SESSIONS, before=before)


async def forget_attempts(conn: Connection, before: datetime, known_before: datetime) -> int:
    """Remove up to 5,000 attempts: failed ones of before, and successes that make no address known any more."""
    return await run(conn, _FORGET_ATTEMPTS, before=before, known_before=known_before)
