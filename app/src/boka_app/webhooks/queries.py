"""SQL on endpoints and deliveries."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from boka_app.conventions.editing import Table
from boka_app.conventions.model import RowUnknown
from boka_app.database import Connection
from boka_app.webhooks.model import Delivery, Endpoint, NewEndpoint, Parcel

ENDPOINTS = Table(
    kind="webhook",
    noun="webhook endpoint",
    needs="webhooks",
    new=NewEndpoint,
    row=Endpoint,
    event=None,
    sorted_by="created_at",
    sorted_as=datetime,
    listing="""
    select
        id, url, kinds, active, secret is not null as has_secret, failing_since, disabled_reason, version, created_at
    from webhook_endpoint
    where tenant_id = current_tenant()
        and (%(after)s::timestamptz is null or (created_at, id) > (%(after)s::timestamptz, %(after_id)s::uuid))
        and (%(search)s::text is null or strpos(url, %(search)s::text) > 0)
    order by created_at, id
    limit %(fetch)s
    """,
    select="""
    select
        id, url, kinds, active, secret is not null as has_secret, failing_since, disabled_reason, version, created_at
    from webhook_endpoint
    where tenant_id = current_tenant() and id = %(id)s
    """,
    insert="""
    insert into webhook_endpoint (tenant_id, id, url, kinds, active)
    values (current_tenant(), %(id)s, %(url)s, %(kinds)s, %(active)s)
    """,
    update="""
    update webhook_endpoint
    set url = %(url)s, kinds = %(kinds)s, active = %(active)s,
        failing_since = case when %(active)s and not active then null else failing_since end,
        disabled_reason = case when %(active)s then null else disabled_reason end
    where tenant_id = current_tenant() and id = %(id)s
    """,
    delete="delete from webhook_endpoint where tenant_id = current_tenant() and id = %(id)s",
)

_REPLACE = """
update webhook_endpoint
set previous_secret = secret,
    previous_until = case when secret is not null then %(previous_until)s::timestamptz end,
    secret = %(secret)s
where tenant_id = current_tenant() and id = %(id)s
returning previous_until
"""

_FAN_OUT = """
insert into webhook_delivery (tenant_id, id, endpoint_id, outbox_id, due_at)
select current_tenant(), gen_random_uuid(), e.id, %(event_id)s, %(now)s
from webhook_endpoint e
where e.tenant_id = current_tenant()
    and e.active
    and e.secret is not null
    and (e.kinds = '{}' or %(kind)s = any(e.kinds))
on conflict (tenant_id, endpoint_id, outbox_id) do nothing
returning id
"""

_CLAIM = """
update webhook_delivery
set attempts = attempts + 1, due_at = %(lost_at)s
where tenant_id = current_tenant() and id = %(id)s and status in ('queued', 'retrying') and due_at <= %(now)s
"""

_PARCEL = """
select
    d.id, d.endpoint_id, d.attempts, e.active, e.url, e.secret, e.previous_secret, e.previous_until, e.failing_since,
    o.kind, o.subject_id, o.payload, o.at
from webhook_delivery d
join webhook_endpoint e on e.tenant_id = d.tenant_id and e.id = d.endpoint_id
join outbox o on o.tenant_id = d.tenant_id and o.id = d.outbox_id
where d.tenant_id = current_tenant() and d.id = %(id)s
"""

_SETTLE = """
update webhook_delivery
set status = %(status)s,
    response_status = %(response_status)s,
    failure = %(failure)s,
    due_at = coalesce(%(due_at)s, due_at),
    delivered_at = case when %(status)s = 'delivered' then %(now)s else delivered_at end
where tenant_id = current_tenant() and id = %(id)s
"""

_WORKS = """
update webhook_endpoint
set failing_since = null
where tenant_id = current_tenant() and id = %(id)s and failing_since is not null
"""

_FAILS = """
update webhook_endpoint
set failing_since = coalesce(failing_since, %(now)s),
    active = %(disabled_reason)s::text is null,
    disabled_reason = %(disabled_reason)s
where tenant_id = current_tenant() and id = %(id)s and active
    and (failing_since is null or %(disabled_reason)s::text is not null)
"""

_DUE = """
select id
from webhook_delivery
where tenant_id = current_tenant() and status in ('queued', 'retrying') and due_at <= %(now)s
order by due_at
limit %(limit)s
"""

_PAGE = """
select
    d.id, o.kind, o.subject_id, d.status, d.attempts, d.due_at, d.response_status, d.failure, d.created_at,
    d.delivered_at
from webhook_delivery d
join outbox o on o.tenant_id = d.tenant_id and o.id = d.outbox_id
where d.tenant_id = current_tenant()
    and d.endpoint_id = %(endpoint_id)s
    and (%(after_at)s::timestamptz is null or (d.created_at, d.id) < (%(after_at)s, %(after_id)s))
order by d.created_at desc, d.id desc
limit %(limit)s
"""

_REPLAY = """
update webhook_delivery
set status = 'queued', attempts = 0, due_at = %(now)s
where tenant_id = current_tenant() and endpoint_id = %(endpoint_id)s and id = %(id)s
"""

_REPLAY_SINCE = """
insert into webhook_delivery (tenant_id, id, endpoint_id, outbox_id, due_at)
select current_tenant(), gen_random_uuid(), e.id, o.id, %(now)s
from webhook_endpoint e
join outbox o on o.tenant_id = e.tenant_id and (e.kinds = '{}' or o.kind = any(e.kinds))
where e.tenant_id = current_tenant() and e.id = %(endpoint_id)s and o.at >= %(since)s
on conflict (tenant_id, endpoint_id, outbox_id) do update
set status = 'queued', attempts = 0, due_at = excluded.due_at
"""


async def set_secret(conn: Connection, endpoint_id: UUID, secret: bytes, previous_until: datetime) -> datetime | None:
    """Replace the secret, sealed; return until when the one before still signs, if there was one."""
    values = {"id": endpoint_id, "secret": secret, "previous_until": previous_until}
    row = await (await conn.execute(_REPLACE, values)).fetchone()
    assert row is not None  # noqa: S101  the caller has locked it
    return row[0]


async def fan_out(conn: Connection, event_id: int, kind: str, now: datetime) -> list[UUID]:
    """Make a delivery of an event for each endpoint that wants it and has none; return them."""
    values = {"event_id": event_id, "kind": kind, "now": now}
    return [row[0] for row in await (await conn.execute(_FAN_OUT, values)).fetchall()]


async def claim(conn: Connection, delivery_id: UUID, now: datetime, lost_at: datetime) -> Parcel | None:
    """Begin an attempt and return all it needs; None if it is not due, or somebody else is at it."""
    claimed = await conn.execute(_CLAIM, {"id": delivery_id, "now": now, "lost_at": lost_at})
    if claimed.rowcount == 0:
        return None
    async with conn.cursor(row_factory=class_row(Parcel)) as cur:
        await cur.execute(_PARCEL, {"id": delivery_id})
        return await cur.fetchone()


async def settle(conn: Connection, delivery_id: UUID, status: str, now: datetime, **facts: Any) -> None:  # noqa: ANN401
    """Note how an attempt ended: `response_status`, `failure`, and `due_at` of the next."""
    values = {"id": delivery_id, "status": status, "now": now}
    await conn.execute(_SETTLE, {"response_status": None, "failure": None, "due_at": None} | values | facts)


async def note_endpoint(
    conn: Connection, endpoint_id: UUID, now: datetime, *, works: bool, disabled_reason: str | None
) -> None:
    """Note whether an endpoint works, and disable it for a reason."""
    values = {"id": endpoint_id, "now": now, "disabled_reason": disabled_reason}
    await conn.execute(_WORKS if works else _FAILS, values)


async def list_due(conn: Connection, now: datetime, limit: int) -> list[UUID]:
    """Return deliveries whose time has come, the longest waiting first."""
    return [row[0] for row in await (await conn.execute(_DUE, {"now": now, "limit": limit})).fetchall()]


async def list_deliveries(
    conn: Connection, endpoint_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> list[Delivery]:
    """Return a page of an endpoint's deliveries, newest first."""
    after_at, after_id = after or (None, None)
    values = {"endpoint_id": endpoint_id, "after_at": after_at, "after_id": after_id, "limit": limit}
    async with conn.cursor(row_factory=class_row(Delivery)) as cur:
        await cur.execute(_PAGE, values)
        return await cur.fetchall()


async def replay(conn: Connection, endpoint_id: UUID, delivery_id: UUID, now: datetime) -> None:
    """Make a delivery one to attempt now.

    Raises:
        RowUnknown: the endpoint has none of that id.
    """
    done = await conn.execute(_REPLAY, {"endpoint_id": endpoint_id, "id": delivery_id, "now": now})
    if done.rowcount == 0:
        raise RowUnknown("delivery")


async def replay_since(conn: Connection, endpoint_id: UUID, since: datetime, now: datetime) -> int:
    """Make every event since then one to deliver now, also those from before the endpoint; return how many."""
    return (await conn.execute(_REPLAY_SINCE, {"endpoint_id": endpoint_id, "since": since, "now": now})).rowcount
