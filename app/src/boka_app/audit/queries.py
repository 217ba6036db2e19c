"""SQL that writes the audit. The database numbers and chains the entries."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from boka_app.database import Connection

_RECORD = """
insert into audit (tenant_id, action, subject_id, request_id, actor_kind, actor_id, detail)
values (
    current_tenant(), %(action)s, %(subject_id)s, current_setting('app.request_id'),
    coalesce(nullif(current_setting('app.actor_kind', true), ''), 'customer'),
    nullif(current_setting('app.actor_id', true), '')::uuid,
    %(detail)s
)
"""


async def record(conn: Connection, action: str, subject_id: UUID, **detail: Any) -> None:  # noqa: ANN401  any JSON
    """Note a change in the transaction that makes it, as its last statement: the chain's lock is held until commit.

    `detail` holds ids and values of the business, never a name or an address.
    """
    await conn.execute(_RECORD, {"action": action, "subject_id": subject_id, "detail": Jsonb(detail)})
