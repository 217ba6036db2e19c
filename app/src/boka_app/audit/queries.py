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
select id, chain, position, at, action, subject_id, actor_kind, actor_id, request_id, detail
from audit
where tenant_id = current_tenant()
    and id < %(before)s
    and (%(subject_id)s::uuid is null or subject_id = %(subject_id)s::uuid)
order by id desc
limit %(fetch)s
"""

# Wrong are: an entry whose facts give another hash, one that does not hold the hash of the one before, a gap, and a
# head that is not the last entry. Entries of releases before the chain have no position.
_VERIFY = """
with link as (
    select
        chain, position, hash, previous_hash, audit_digest(audit) as digest,
        lag(hash, 1, sha256('')) over (partition by chain order by position) as hash_before,
        row_number() over (partition by chain order by position) as place
    from audit
    where tenant_id = current_tenant() and position is not null
), last as (
    select chain, max(position) as position, (array_agg(hash order by position desc))[1] as hash
    from link
    group by chain
), head as (
    select chain, position, hash
    from audit_head
    where tenant_id = current_tenant()
), broken as (
    select chain, place
    from link
    where position <> place or digest <> hash or previous_hash <> hash_before
    union all
    select
        h.chain,
        case when h.position = l.position then h.position else least(h.position, coalesce(l.position, 0)) + 1 end
    from head h
    left join last l on l.chain = h.chain
    where (h.position, h.hash) is distinct from (l.position, l.hash)
    union all
    select l.chain, 1
    from last l
    where not exists (select from head h where h.chain = l.chain)
), first as (
    select chain, place
    from broken
    order by place, chain
    limit 1
)
select
    current_tenant() as tenant_id,
    (select count(*) from link) as entries,
    (select chain from first) as broken_chain,
    (select place from first) as broken_at
"""
_UNBOUNDED = "set local statement_timeout = 0"  # a chain may be long; nobody waits for the answer but an operator
_LAST = 2**62  # an id beyond all: the first page


async def record(conn: Connection, action: str, subject_id: UUID, **detail: Any) -> None:  # noqa: ANN401  any JSON
    """Note a change in the transaction that makes it, as its last statement: the chain's lock is held until commit.

    `detail` holds ids and values of the business, never a name or an address.
    """
    await conn.execute(_RECORD, {"action": action, "subject_id": subject_id, "detail": Jsonb(detail)})


async def list_entries(
    conn: Connection, subject_id: UUID | None = None, *, before: int | None = None, fetch: int
) -> list[AuditEntry]:
    """Return entries of the entered tenant, newest first, below an id."""
    async with conn.cursor(row_factory=class_row(AuditEntry)) as cur:
        await cur.execute(_LIST, {"subject_id": subject_id, "before": before or _LAST, "fetch": fetch})
        return await cur.fetchall()


async def verify(conn: Connection) -> Verification:
    """Recompute all chains of the entered tenant, however long it takes."""
    await conn.execute(_UNBOUNDED)
    async with conn.cursor(row_factory=class_row(Verification)) as cur:
        await cur.execute(_VERIFY)
        found = await cur.fetchone()
    assert found is not None  # noqa: S101  one row of sums
    return found
