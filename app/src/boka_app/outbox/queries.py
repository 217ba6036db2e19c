"""SQL that writes events."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from boka_app.database import Connection

_PUT = """
insert into outbox (tenant_id, kind, subject_id, payload)
values (current_tenant(), %(kind)s, %(subject_id)s, %(payload)s)
"""


async def put(conn: Connection, kind: str, subject_id: UUID, **payload: Any) -> None:  # noqa: ANN401  any JSON
    """Tell of an event, if and when the transaction commits. `payload` holds ids and times, no person."""
    await conn.execute(_PUT, {"kind": kind, "subject_id": subject_id, "payload": Jsonb(payload)})
