"""SQL on accounts, sessions, keys and attempts to log in."""

from datetime import datetime
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from boka_app.database import Connection

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

_Row = TypeVar("_Row")


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
    return await _one(conn, SessionFound, _SESSION, values)


async def identify_key(conn: Connection, secret_hash: bytes, at: datetime) -> KeyFound | None:
    """Return the key, if it lives."""
    return await _one(conn, KeyFound, _KEY, {"hash": secret_hash, "at": at})


async def switches_on(conn: Connection) -> frozenset[str]:
    """Return the platform's switches that are on."""
    rows = await (await conn.execute(_SWITCHES_ON)).fetchall()
    return frozenset(name for (name,) in rows)


async def count_sessions(conn: Connection, now: datetime) -> int:
    """Return how many sessions live."""
    row = await (await conn.execute(_COUNT_SESSIONS, {"now": now})).fetchone()
    return row[0] if row else 0


async def _one(conn: Connection, kind: type[_Row], sql: LiteralString, values: dict[str, Any]) -> _Row | None:
    async with conn.cursor(row_factory=class_row(kind)) as cur:
        await cur.execute(sql, values)
        return await cur.fetchone()
