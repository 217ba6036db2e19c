"""SQL on accounts, sessions, keys and attempts to log in."""

from datetime import datetime
from uuid import UUID

import msgspec

from boka_app.database import Connection
from boka_app.identity import rules
from boka_app.identity.model import Membership, NotAuthenticated, Session
from boka_app.statements import column, many, one, run, the, value
from boka_app.tenants.model import Actor

_SESSION = """
select session_id, account_id, name, mfa, platform_admin, tenant_id, role, employee_id
from identify_session(%(session)s, %(secret)s, %(slug)s, %(at)s)
"""

_KEY = """
select id, tenant_id, slug, name, scopes
from identify_key(%(hash)s, %(at)s)
"""

_SWITCHES_ON = """
select name
from platform_switch
where enabled
"""

_COUNT_SESSIONS = """
select count(*)
from account_session
where revoked_at is null and expires_at > %(now)s
"""

# An account that does not exist is locked like one that does, else the lock would tell them apart.
# Known: a log-in of this account from this address succeeded. A pair's failures count from its last success on.
_WEIGH = """
with pair as materialized (
    select outcome, at
    from login_attempt
    where email_hash = %(email_hash)s and address = %(address)s and at > %(now)s - %(known_for)s
), failed as (
    select at
    from pair
    where outcome in ('wrong_password', 'wrong_code', 'unknown', 'disabled')
        and at > %(now)s - %(pair_window)s
        and at > coalesce((select max(at) from pair where outcome = 'succeeded'), '-infinity')
)
select
    (select count(*) from failed) as pair_failures,
    (select max(at) from failed) as last_failure_at,
    (
        select count(*)
        from login_attempt
        where address = %(address)s and at > %(now)s - %(address_window)s
            and outcome in ('wrong_password', 'wrong_code', 'unknown', 'disabled')
    ) as address_failures,
    exists(select from pair where outcome = 'succeeded') as known,
    coalesce(
        (select locked_until from account where email = %(email)s),
        (
            select max(at) + %(address_window)s
            from login_attempt
            where email_hash = %(email_hash)s and outcome = 'unknown' and at > %(now)s - %(pair_window)s
            having count(*) >= %(account_budget)s
        )
    ) as locked_until
"""

# Attempts of one pair are weighed one after the other, else a hundred at once would all find nothing against them.
_QUEUE_UP = "select pg_advisory_xact_lock(hashtextextended(%(pair)s, 15))"

_BEGIN_ATTEMPT = """
insert into login_attempt (at, account_id, email_hash, address, outcome)
values (%(now)s, %(account_id)s, %(email_hash)s, %(address)s, %(outcome)s)
returning id
"""

_END_ATTEMPT = """
update login_attempt
set outcome = %(outcome)s
where id = %(id)s
"""

_FORGET_ATTEMPT = """
delete from login_attempt
where id = %(id)s
"""

_FIND_ACCOUNT = """
select id, email, name, password_hash, platform_admin, totp_secret, totp_confirmed_at, disabled_at, password_changed_at
from account
where email = %(email)s or id = %(id)s
"""

_COUNT_FAILURE = """
update account
set failed_logins = failed_logins + 1
where id = %(id)s
returning failed_logins
"""

_LOCK = """
update account
set locked_until = %(until)s
where id = %(id)s
"""

_FORGET_FAILURES = """
update account
set failed_logins = 0, locked_until = null
where id = %(id)s and (failed_logins > 0 or locked_until is not null)
    and (%(unless_locked_at)s::timestamptz is null or coalesce(locked_until, '-infinity') <= %(unless_locked_at)s)
"""

_STORE_HASH = """
update account
set password_hash = %(password_hash)s, password_changed_at = coalesce(%(now)s, password_changed_at)
where id = %(id)s and (%(before)s::timestamptz is null or password_changed_at = %(before)s)
"""

_INSERT_SESSION = """
insert into account_session (
    id, account_id, secret_hash, family_hash, mfa, address, user_agent, created_at, last_used_at, expires_at
)
values (
    %(id)s, %(account_id)s, %(secret_hash)s, %(family_hash)s, %(mfa)s, %(address)s, %(user_agent)s,
    %(now)s, %(now)s, %(expires_at)s
)
"""

_LOCK_FAMILY = """
select id, account_id, secret_hash, previous_hash, created_at, last_used_at
from account_session
where family_hash = %(family_hash)s and revoked_at is null and expires_at > %(now)s
for update
"""

_ROTATE = """
update account_session
set previous_hash = secret_hash, secret_hash = %(secret_hash)s, last_used_at = %(now)s, expires_at = %(expires_at)s
where id = %(id)s
"""

_LIST_SESSIONS = """
select id, address, user_agent, mfa, created_at, last_used_at, expires_at, id = %(current)s as current
from account_session
where account_id = %(account_id)s and revoked_at is null and expires_at > %(now)s
order by last_used_at desc, id
limit 100
"""

_REVOKE = """
update account_session
set revoked_at = %(now)s, revoke_reason = %(reason)s
where account_id = %(account_id)s and revoked_at is null
    and (%(only)s::uuid is null or id = %(only)s)
    and id is distinct from %(but)s
"""

_SET_TOTP = """
update account
set totp_secret = %(secret)s, totp_confirmed_at = null, totp_last_step = null
where id = %(id)s
"""

# Of twenty requests with one code at once, one finds a smaller step.
_USE_STEP = """
update account
set totp_last_step = %(step)s
where id = %(id)s and (totp_last_step is null or totp_last_step < %(step)s)
"""

_CONFIRM_TOTP = """
with confirmed as (
    update account
    set totp_confirmed_at = %(now)s
    where id = %(id)s
)
update account_session
set mfa = true
where id = %(session_id)s
"""

_REMOVE_TOTP = """
with removed as (
    delete from recovery_code
    where account_id = %(id)s
), weaker as (
    update account_session
    set mfa = false
    where account_id = %(id)s and revoked_at is null
)
update account
set totp_secret = null, totp_confirmed_at = null, totp_last_step = null
where id = %(id)s
"""

_INSERT_RECOVERY = """
insert into recovery_code (account_id, code_hash)
select %(id)s, unnest(%(hashes)s::bytea[])
"""

_USE_RECOVERY = """
update recovery_code
set used_at = %(now)s
where account_id = %(id)s and code_hash = %(hash)s and used_at is null
"""

_ACT_FOR = "select set_config('app.account_id', %(account_id)s, true)"

_MEMBERSHIPS = """
select t.slug, t.name, m.role
from membership m
join tenant t on t.id = m.tenant_id
where m.account_id = %(account_id)s and t.active
order by t.name, t.slug
limit 100
"""


class SessionFound(msgspec.Struct, frozen=True, kw_only=True):
    """A live session, and what its account is in the tenant asked for; without a tenant_id there is none."""

    session_id: UUID
    account_id: UUID
    name: str
    mfa: bool
    platform_admin: bool
    tenant_id: UUID | None
    role: str | None
    employee_id: UUID | None


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """An account as a log-in needs it."""

    id: UUID
    email: str
    name: str
    password_hash: str | None
    platform_admin: bool
    totp_secret: bytes | None
    totp_confirmed_at: datetime | None
    disabled_at: datetime | None
    password_changed_at: datetime

    @property
    def actor(self) -> Actor:
        """Return who acts when the account does."""
        return Actor("account", self.id)

    @property
    def mfa(self) -> bool:
        """Tell whether a second factor is in use."""
        return self.totp_confirmed_at is not None


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A live session of a program, whose refresh tokens follow one another."""

    id: UUID
    account_id: UUID
    secret_hash: bytes
    previous_hash: bytes | None
    created_at: datetime
    last_used_at: datetime


class KeyFound(msgspec.Struct, frozen=True, kw_only=True):
    """A live API key; `slug` is its tenant's."""

    id: UUID
    tenant_id: UUID
    slug: str | None
    name: str
    scopes: list[str]


identify_session = one(SessionFound, _SESSION, session=None, secret=None)
"""The session of that id or secret, if it lives."""
identify_key = one(KeyFound, _KEY)
begin_attempt = value(_BEGIN_ATTEMPT)
"""Note an attempt as failed before its password is looked at; its number."""
end_attempt = run(_END_ATTEMPT)
forget_attempt = run(_FORGET_ATTEMPT)
find_account = one(AccountRow, _FIND_ACCOUNT, email=None, id=None)
get_account = the(AccountRow, _FIND_ACCOUNT, lambda _: NotAuthenticated(), email=None)
forget_failures = run(_FORGET_FAILURES, unless_locked_at=None)
"""Unlock an account, or leave a lock that still lasts alone; 0 when there is nothing to forget."""
set_password = run(_STORE_HASH, now=None, before=None)
"""Store a hash if the password was last set at `before`; without `now` it is the same password, hashed anew."""
insert_session = run(_INSERT_SESSION)
lock_family = one(Family, _LOCK_FAMILY)
"""A live session of a program by the first half of its tokens, locked."""
rotate = run(_ROTATE)
list_sessions = many(Session, _LIST_SESSIONS)
revoke_sessions = run(_REVOKE, only=None, but=None)
"""End an account's sessions, or one, or all but one; how many."""
set_totp = run(_SET_TOTP)
use_step = run(_USE_STEP)
"""Use up a step of time; 0 when it or a later one was used."""
confirm_totp = run(_CONFIRM_TOTP)
remove_totp = run(_REMOVE_TOTP)
insert_recovery_codes = run(_INSERT_RECOVERY)
use_recovery_code = run(_USE_RECOVERY)
list_switches_on = column(_SWITCHES_ON)
count_sessions = value(_COUNT_SESSIONS)
_queue_up = run(_QUEUE_UP)
_weigh = the(rules.History, _WEIGH, LookupError)
_count_failure = value(_COUNT_FAILURE)
_lock = run(_LOCK)
_act_for = run(_ACT_FOR)
_memberships = many(Membership, _MEMBERSHIPS)


async def weigh(conn: Connection, email: str, email_hash: bytes, address: str, now: datetime) -> rules.History:
    """Return what was tried before; whoever weighs the same pair meanwhile waits for this transaction."""
    await _queue_up(conn, pair=f"{email_hash.hex()} {address}")
    whose = {"email": email, "email_hash": email_hash, "address": address}
    return await _weigh(conn, **whose, now=now, **rules.BOUNDS)


async def count_failure(conn: Connection, account_id: UUID, now: datetime) -> None:
    """Count a failure against an account, and lock it for unknown addresses when there were many."""
    pause = rules.locked_for(await _count_failure(conn, id=account_id) or 0)
    if pause is not None:
        await _lock(conn, id=account_id, until=now + pause)


async def list_memberships(conn: Connection, account_id: UUID) -> list[Membership]:
    """Return the tenants an account belongs to; the transaction may see them from here on."""
    await _act_for(conn, account_id=str(account_id))
    return await _memberships(conn, account_id=account_id)
