"""SQL that reads the outbox as a stream.

Ids are given before transactions commit, so an event may appear behind a later one. What is older than every open
transaction is complete, and only that is read, in the order of the transactions.
"""

from psycopg.rows import class_row

from boka_app.database import Connection
from boka_app.live.model import Event, Position

_HORIZON = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

_AFTER = """
select xid::text::bigint as xid, id, kind, subject_id, at, payload
from outbox
where tenant_id = current_tenant()
    and (xid, id) > (%(xid)s::bigint::text::xid8, %(id)s)
    and xid < pg_snapshot_xmin(pg_current_snapshot())
order by outbox.xid, id
limit %(limit)s
"""


async def get_horizon(conn: Connection) -> Position:
    """Return the place after which all that is not yet complete will come."""
    row = await (await conn.execute(_HORIZON)).fetchone()
    assert row is not None  # noqa: S101  a select without from is one row
    return Position(row[0], 0)


async def list_after(conn: Connection, position: Position, limit: int) -> list[Event]:
    """Return the entered tenant's next events."""
    async with conn.cursor(row_factory=class_row(Event)) as cur:
        await cur.execute(_AFTER, position._asdict() | {"limit": limit})
        return await cur.fetchall()
