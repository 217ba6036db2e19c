"""SQL on what becomes of appointments. Each change names the states it may begin from, so of two at once one wins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from boka_app.appointments.model import AppointmentUnknown
from boka_app.database import Connection
from boka_app.lifecycle.model import By, Status, Visit

# The session of a seat is locked before the seat, in the order in which booking a seat locks them.
_LOCK_SESSION = """
select 1
from appointment
where tenant_id = current_tenant()
    and id = (select parent_id from appointment where tenant_id = current_tenant() and id = %(id)s and kind = 'seat')
for update
"""

_LOCK = """
select
    a.id, a.kind, a.parent_id, a.service_id, a.employee_id, a.starts_at, a.ends_at, a.status, a.source,
    a.expires_at, a.price_minor, a.paid_minor, a.fee_minor, a.reschedules, a.version,
    t.cancel_until_minutes, t.cancel_fee_percent, t.reschedule_until_minutes, t.reschedule_limit,
    t.no_show_fee_percent
from appointment a
join tenant t on t.id = a.tenant_id
where a.tenant_id = current_tenant() and a.id = %(id)s and a.kind <> 'companion'
for update of a
"""

_TURN = """
update appointment
set status = %(status)s,
    expires_at = case when %(status)s = 'confirmed' then null else expires_at end,
    completed_at = case when %(status)s = 'completed' then %(now)s else completed_at end,
    cancelled_at = case when %(status)s = 'cancelled' then %(now)s else cancelled_at end,
    cancelled_by = coalesce(%(by)s, cancelled_by),
    cancel_reason = coalesce(%(reason)s, cancel_reason),
    fee_minor = case when id = %(id)s then %(fee_minor)s else fee_minor end
where tenant_id = current_tenant()
    and status = any(%(since)s)
    and (id = %(id)s or (parent_id = %(id)s and kind = 'companion'))
"""

_CLOSE_EMPTY_SESSION = """
update appointment session
set status = 'cancelled', cancelled_at = %(now)s, cancelled_by = 'system'
where session.tenant_id = current_tenant()
    and session.id = %(id)s
    and session.kind = 'session'
    and session.status in ('held', 'pending', 'confirmed')
    and not exists (
        select 1
        from appointment seat
        where seat.tenant_id = session.tenant_id
            and seat.parent_id = session.id
            and seat.status in ('held', 'pending', 'confirmed')
    )
"""

_SEATS = """
select id
from appointment
where tenant_id = current_tenant()
    and parent_id = %(id)s
    and kind = 'seat'
    and status in ('held', 'pending', 'confirmed')
order by id
"""

_DUE = """
select id
from appointment
where tenant_id = current_tenant()
    and status in ('held', 'pending')
    and kind <> 'companion'
    and expires_at <= %(now)s
order by id
limit 100
"""

_FORGET_KEYS = """
delete from idempotency_key
where tenant_id = current_tenant() and created_at < %(before)s
"""


async def lock_visit(conn: Connection, appointment_id: UUID) -> Visit:
    """Return an appointment that nobody else changes until the transaction ends.

    Raises:
        AppointmentUnknown: the entered tenant has none of that id, or it is but a companion of one.
    """
    await conn.execute(_LOCK_SESSION, {"id": appointment_id})
    async with conn.cursor(row_factory=class_row(Visit)) as cur:
        await cur.execute(_LOCK, {"id": appointment_id})
        visit = await cur.fetchone()
    if visit is None:
        raise AppointmentUnknown(appointment_id)
    return visit


async def turn(  # noqa: PLR0913  each is a column
    conn: Connection,
    appointment_id: UUID,
    status: Status,
    *,
    since: Sequence[Status],
    now: datetime,
    by: By | None = None,
    reason: str | None = None,
    fee_minor: int = 0,
) -> bool:
    """Give an appointment and its companions a new state; tell whether it had one of `since`."""
    facts: dict[str, Any] = {"id": appointment_id, "status": status, "since": list(since), "now": now}
    facts |= {"by": by, "reason": reason, "fee_minor": fee_minor}
    return (await conn.execute(_TURN, facts)).rowcount > 0


async def close_empty_session(conn: Connection, session_id: UUID, now: datetime) -> None:
    """Give the employee of a session free when nobody has a seat in it any more."""
    await conn.execute(_CLOSE_EMPTY_SESSION, {"id": session_id, "now": now})


async def list_seats(conn: Connection, session_id: UUID) -> list[UUID]:
    """Return the seats taken in a session."""
    return [row[0] for row in await (await conn.execute(_SEATS, {"id": session_id})).fetchall()]


async def list_due(conn: Connection, now: datetime) -> list[UUID]:
    """Return at most 100 holds and unpaid appointments whose time is over, in the order in which to lock them."""
    return [row[0] for row in await (await conn.execute(_DUE, {"now": now})).fetchall()]


async def forget_keys(conn: Connection, before: datetime) -> int:
    """Remove idempotency keys that no client repeats any more; return how many."""
    return (await conn.execute(_FORGET_KEYS, {"before": before})).rowcount
