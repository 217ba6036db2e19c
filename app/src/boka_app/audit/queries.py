"""SQL that writes, lists and verifies the audit. The database numbers and chains the entries."""

from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from boka_app.audit.model import AuditEntry, Verification
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

_LIST = """
select position, at, action, subject_id, actor_kind, actor_id, request_id, detail
from audit
where tenant_id = current_tenant()
    and position < %(before)s
    and (%(subject_id)s::uuid is null or subject_id = %(subject_id)s::uuid)
order by position desc
limit %(fetch)s
"""

# Wrong are: an entry whose facts give another hash, one that does not hold the hash of the one before, a gap, and a
# head that is not the last entry. Entries of releases before the chain have no position.
_VERIFY = """
with chain as (
    select
        position, hash, previous_hash, audit_digest(audit) as digest,
        lag(hash, 1, sha256('')) over (order by position) as hash_before,
        row_number() over (order by position) as place
    from audit
    where tenant_id = current_tenant() and position is not null
), head as (
    select position, hash
    from audit_head
    where tenant_id = current_tenant()
), last as (
    select coalesce(max(position), 0) as position, coalesce((array_agg(hash order by position desc))[1], '') as hash
    from chain
)
select
    current_tenant() as tenant_id,
    (select count(*) from chain) as entries,
    least(
        (
            select min(place)
            from chain
            where position <> place or digest <> hash or previous_hash <> hash_before
        ),
        (
            select case when h.position = l.position then h.position else least(h.position, l.position) + 1 end
            from head h
            cross join last l
            where (h.position, h.hash) <> (l.position, l.hash)
        ),
        case when not exists (select from head) then (select min(place) from chain) end
    ) as broken_at
"""
_UNBOUNDED = "set local statement_timeout = 0"  # a chain may be long; nobody waits for the answer but an operator
_LAST = 2**62  # a position beyond all: the first page


async def record(conn: Connection, action: str, subject_id: UUID, **detail: Any) -> None:  # noqa: ANN401  any JSON
    """Note a change in the transaction that makes it, as its last statement: the chain's lock is held until commit.

    `detail` holds ids and values of the business, never a name or an address.
    """
    await conn.execute(_RECORD, {"action": action, "subject_id": subject_id, "detail": Jsonb(detail)})


async def list_entries(
    conn: Connection, subject_id: UUID | None = None, *, before: int | None = None, fetch: int
) -> list[AuditEntry]:
    """Return entries of the entered tenant, newest first, below a position."""
    async with conn.cursor(row_factory=class_row(AuditEntry)) as cur:
        await cur.execute(_LIST, {"subject_id": subject_id, "before": before or _LAST, "fetch": fetch})
        return await cur.fetchall()


async def verify(conn: Connection) -> Verification:
    """Recompute the whole chain of the entered tenant, however long it takes."""
    await conn.execute(_UNBOUNDED)
    async with conn.cursor(row_factory=class_row(Verification)) as cur:
        await cur.execute(_VERIFY)
        found = await cur.fetchone()
    assert found is not None  # noqa: S101  one row of sums
    return found
