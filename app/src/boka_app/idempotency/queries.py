"""SQL on keys. Both statements belong to the transaction that does the work."""

from uuid import UUID

from psycopg import DatabaseError
from psycopg.types.json import Jsonb

from boka_app.database import Connection
from boka_app.idempotency.model import KeyReused

_CLAIM = """
insert into idempotency_key (tenant_id, key, fingerprint)
values (current_tenant(), %(key)s, %(fingerprint)s)
on conflict (tenant_id, key) do nothing
"""

_FIND = """
select fingerprint, answer
from idempotency_key
where tenant_id = current_tenant() and key = %(key)s
"""

_STORE = """
update idempotency_key
set answer = %(answer)s
where tenant_id = current_tenant() and key = %(key)s
"""


_ANSWER = "select claim_key(%(tenant_id)s, %(key)s, %(fingerprint)s) from set_config('app.tenant_id', %(tenant)s, true)"


async def find_answer(conn: Connection, tenant_id: UUID, key: str, fingerprint: bytes) -> dict[str, object] | None:
    """Enter the tenant and return the answer that a booking with this key was given, or None.

    Raises:
        KeyReused: the key belongs to another request.
    """
    wanted = {"tenant_id": tenant_id, "tenant": str(tenant_id), "key": key, "fingerprint": fingerprint}
    try:
        row = await (await conn.execute(_ANSWER, wanted)).fetchone()
    except DatabaseError as err:
        if err.sqlstate == "BK001":
            raise KeyReused from err
        raise
    return row[0] if row else None


async def claim(conn: Connection, key: str, fingerprint: bytes) -> dict[str, object] | None:
    """Claim a key; return None, or the answer to replay if the work was done before.

    A second request with the key waits here until the first one commits, and then replays, or rolls back, and then
    does the work itself.

    Raises:
        KeyReused: the key belongs to another request.
    """
    claimed = await conn.execute(_CLAIM, {"key": key, "fingerprint": fingerprint})
    if claimed.rowcount == 1:
        return None
    row = await (await conn.execute(_FIND, {"key": key})).fetchone()
    assert row is not None  # noqa: S101  a key once committed is never removed while a request is that young
    if row[0] != fingerprint:
        raise KeyReused
    return row[1]


async def store(conn: Connection, key: str, answer: dict[str, object]) -> None:
    """Keep the answer for repetitions of the request."""
    await conn.execute(_STORE, {"key": key, "answer": Jsonb(answer)})
