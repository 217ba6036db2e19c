"""SQL on accounts, sessions, keys and attempts to log in."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from boka_app.database import Connection
from boka_app.identity import rules
from boka_app.identity.model import Membership, Session
from boka_app.identity.rows import many, one, run
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
where id = %(id)s
"""

_STORE_FIRST_HASH = """
update account
set password_hash = %(password_hash)s, password_changed_at = %(now)s
where id = %(id)s and password_changed_at = %(before)s
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


async def identify_session(
    conn: Connection, slug: str | None, at: datetime, *, session: UUID | None = None, secret: bytes | None = None
) -> SessionFound | None:
    """Return the session of that id or secret, if it lives."""
    values = {"session": session, "secret": secret, "slug": slug, "at": at}
    return await one(conn, SessionFound, _SESSION, values)


async def identify_key(conn: Connection, secret_hash: bytes, at: datetime) -> KeyFound | None:
    """Return the key, if it lives."""
    return await one(conn, KeyFound, _KEY, {"hash": secret_hash, "at": at})


async def weigh(conn: Connection, email: str, email_hash: bytes, address: str, now: datetime) -> rules.History:
    """Return what was tried before; whoever weighs the same pair meanwhile waits for this transaction."""
    await conn.execute(_QUEUE_UP, {"pair": f"{email_hash.hex()} {address}"})
    values = {
        "email": email,
        "email_hash": email_hash,
        "address": address,
        "now": now,
        "known_for": rules.KNOWN_FOR,
        "pair_window": rules.PAIR_WINDOW,
        "address_window": rules.ADDRESS_WINDOW,
        "account_budget": rules.ACCOUNT_BUDGET,
    }
    history = await one(conn, rules.History, _WEIGH, values)
    assert history is not None  # noqa: S101  an aggregate always has a row
    return history


async def begin_attempt(
    conn: Connection, account_id: UUID | None, email_hash: bytes, address: str, now: datetime
) -> int:
    """Note an attempt as failed before its password is looked at; return its number."""
    outcome = "unknown" if account_id is None else "wrong_password"
    values = {"account_id": account_id, "email_hash": email_hash, "address": address, "now": now, "outcome": outcome}
    row = await (await conn.execute(_BEGIN_ATTEMPT, values)).fetchone()
    assert row is not None  # noqa: S101  RETURNING gives the row, or the statement raised
    return row[0]


async def end_attempt(conn: Connection, attempt_id: int, outcome: str | None) -> None:
    """Note how an attempt ended; None forgets it."""
    await conn.execute(_END_ATTEMPT if outcome else _FORGET_ATTEMPT, {"id": attempt_id, "outcome": outcome})


async def find_account(conn: Connection, *, email: str | None = None, id_: UUID | None = None) -> AccountRow | None:
    """Return the account of that address or id."""
    return await one(conn, AccountRow, _FIND_ACCOUNT, {"email": email, "id": id_})


async def count_failure(conn: Connection, account_id: UUID, now: datetime) -> None:
    """Count a failure against an account, and lock it for unknown addresses when there were many."""
    row = await (await conn.execute(_COUNT_FAILURE, {"id": account_id})).fetchone()
    pause = rules.locked_for(row[0]) if row else None
    if pause is not None:
        await run(conn, _LOCK, id=account_id, until=now + pause)


async def forget_failures(conn: Connection, account_id: UUID, unless_locked_at: datetime | None = None) -> bool:
    """Unlock an account, or leave a lock that still lasts alone; tell whether there was something to forget."""
    return await run(conn, _FORGET_FAILURES, id=account_id, unless_locked_at=unless_locked_at) == 1


async def set_password(conn: Connection, account_id: UUID, password_hash: str, now: datetime | None) -> None:
    """Store a hash; without a time it is the same password, hashed anew."""
    await run(conn, _STORE_HASH, id=account_id, password_hash=password_hash, now=now)


async def set_first_password(
    conn: Connection, account_id: UUID, password_hash: str, before: datetime, now: datetime
) -> bool:
    """Store a hash if the password was last set at `before`; tell whether it was."""
    values = {"id": account_id, "password_hash": password_hash, "before": before, "now": now}
    return (await conn.execute(_STORE_FIRST_HASH, values)).rowcount == 1


async def insert_session(conn: Connection, **columns: Any) -> None:  # noqa: ANN401  the columns of the statement
    """Insert a session."""
    await conn.execute(_INSERT_SESSION, columns)


async def lock_family(conn: Connection, family_hash: bytes, now: datetime) -> Family | None:
    """Return a live session of a program by the first half of its tokens, locked."""
    return await one(conn, Family, _LOCK_FAMILY, {"family_hash": family_hash, "now": now})


async def rotate(conn: Connection, session_id: UUID, secret_hash: bytes, now: datetime, expires_at: datetime) -> None:
    """Make the next refresh token the one that counts."""
    await run(conn, _ROTATE, id=session_id, secret_hash=secret_hash, now=now, expires_at=expires_at)


async def list_sessions(conn: Connection, account_id: UUID, current: UUID | None, now: datetime) -> list[Session]:
    """Return the live sessions of an account, the last used first."""
    return await many(conn, Session, _LIST_SESSIONS, {"account_id": account_id, "current": current, "now": now})


async def revoke_sessions(
    conn: Connection,
    account_id: UUID,
    reason: str,
    now: datetime,
    *,
    only: UUID | None = None,
    but: UUID | None = None,
) -> int:
    """End an account's sessions, or one, or all but one; return how many."""
    values = {"account_id": account_id, "reason": reason, "now": now, "only": only, "but": but}
    return (await conn.execute(_REVOKE, values)).rowcount


async def list_memberships(conn: Connection, account_id: UUID) -> list[Membership]:
    """Return the tenants an account belongs to; the transaction may see them from here on."""
    await run(conn, _ACT_FOR, account_id=str(account_id))
    return await many(conn, Membership, _MEMBERSHIPS, {"account_id": account_id})


async def set_totp(conn: Connection, account_id: UUID, sealed: bytes) -> None:
    """Store the secret of a second factor that is not in use yet."""
    await run(conn, _SET_TOTP, id=account_id, secret=sealed)


async def use_step(conn: Connection, account_id: UUID, step: int) -> bool:
    """Use up a step of time; tell whether it and all later ones were still unused."""
    return await run(conn, _USE_STEP, id=account_id, step=step) == 1


async def confirm_totp(conn: Connection, account_id: UUID, session_id: UUID | None, now: datetime) -> None:
    """Take the second factor into use; the session that proved it counts as begun with it."""
    await run(conn, _CONFIRM_TOTP, id=account_id, session_id=session_id, now=now)


async def remove_totp(conn: Connection, account_id: UUID) -> None:
    """Remove the second factor and its recovery codes."""
    await run(conn, _REMOVE_TOTP, id=account_id)


async def insert_recovery_codes(conn: Connection, account_id: UUID, hashes: list[bytes]) -> None:
    """Store the hashes of new recovery codes."""
    await run(conn, _INSERT_RECOVERY, id=account_id, hashes=hashes)


async def use_recovery_code(conn: Connection, account_id: UUID, code_hash: bytes, now: datetime) -> bool:
    """Use up a recovery code; tell whether it was one."""
    return await run(conn, _USE_RECOVERY, id=account_id, hash=code_hash, now=now) == 1


async def switches_on(conn: Connection) -> frozenset[str]:
    """Return the platform's switches that are on."""
    rows = await (await conn.execute(_SWITCHES_ON)).fetchall()
    return frozenset(name for (name,) in rows)


async def count_sessions(conn: Connection, now: datetime) -> int:
    """Return how many sessions live."""
    row = await (await conn.execute(_COUNT_SESSIONS, {"now": now})).fetchone()
    return row[0] if row else 0
