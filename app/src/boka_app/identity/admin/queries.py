"""SQL of the platform: accounts, attempts, switches, new tenants."""

from datetime import datetime
from uuid import UUID

from boka_app.audit import queries as audit
from boka_app.database import Connection
from boka_app.identity.admin import model
from boka_app.identity.queries import forget_failures, revoke_sessions
from boka_app.statements import many, run, the, write
from boka_app.tenants.model import PLATFORM

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

list_mfa_stats = many(model.MfaStats, _MFA_STATS)
list_locked_accounts = many(model.LockedAccount, _LOCKED)
list_failed_logins = many(model.FailedLogins, _FAILED)
read_metrics = the(model.SecurityMetrics, _METRICS, LookupError)
list_admins = many(model.Admin, _ADMINS)
list_switches = many(model.Switch, _SWITCHES)
insert_tenant = write(_INSERT_TENANT)
set_admin = run(_SET_ADMIN)
forget_sessions, forget_attempts = run(_FORGET_SESSIONS), run(_FORGET_ATTEMPTS)  # up to 5,000 rows each
_turn = run(_TURN)


async def revoke_admin(conn: Connection, account_id: UUID, now: datetime) -> bool:
    """Take the right away, end the sessions, note it; tell whether it was an administrator."""
    if not await set_admin(conn, id=account_id, admin=False):
        return False
    ended = await revoke_sessions(conn, account_id=account_id, reason="forced", now=now)
    await audit.record(conn, "admin.revoked", account_id, ended=ended)
    return True


async def unlock(conn: Connection, account_id: UUID) -> bool:
    """Let unknown addresses try again, and note it; tell whether the account was locked."""
    changed = await forget_failures(conn, id=account_id) == 1
    if changed:
        await audit.record(conn, "account.unlocked", account_id)
    return changed


async def turn(conn: Connection, name: str, now: datetime, *, enabled: bool, reason: str) -> bool:
    """Turn a switch, and note it; tell whether there is such a one. Every process follows within some two seconds."""
    found = await _turn(conn, name=name, enabled=enabled, reason=reason, now=now) == 1
    if found:
        await audit.record(conn, "switch.turned", PLATFORM, name=name, enabled=enabled)
    return found
