"""Confirm, cancel, close and expire, in the caller's transaction, which has entered the tenant.

Rows are locked and changed first, and noted in the audit last: its chain is a lock of the whole tenant, and whoever
waited for a row while holding it would wait for somebody who waits for the chain.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from boka_app.audit import queries as audit
from boka_app.database import Connection
from boka_app.lifecycle import queries, rules
from boka_app.lifecycle.model import By, Cancellation, Status, Visit
from boka_app.outbox import queries as outbox

_NO_MONEY = Cancellation(fee_minor=0, refund_minor=0)


async def confirm(conn: Connection, appointment_id: UUID, *, now: datetime) -> bool:
    """Make a pending appointment certain; False when it lost its slot before. Confirming twice is no error."""
    visit = await queries.lock_visit(conn, appointment_id)
    if await _turn(conn, visit, "confirmed", now=now):
        await tell(conn, visit, "confirmed")
        return True
    return visit.status == "confirmed"


async def cancel(
    conn: Connection, appointment_id: UUID, *, by: By, reason: str, now: datetime, waive_fee: bool = False
) -> Cancellation:
    """End an appointment and free its time at once; return what it costs. Cancelling twice is no error.

    A session ends with all its seats, which then cost nothing: the business called it off.

    Raises:
        AppointmentUnknown, AppointmentStarted, AppointmentEnded: as `rules.cancellation` says.
    """
    visit = await queries.lock_visit(conn, appointment_id)
    waive = waive_fee or visit.kind == "session"
    seats = [await queries.lock_visit(conn, seat_id) for seat_id in await queries.list_seats(conn, visit.id)]
    money = {v.id: rules.cancellation(v, by=by, now=now, waive_fee=waive) for v in (visit, *seats)}
    ended = [
        v
        for v in (visit, *seats)
        if await _turn(conn, v, "cancelled", now=now, by=by, reason=reason, fee_minor=money[v.id].fee_minor)
    ]
    for v in ended:
        await tell(conn, v, "cancelled", **_facts(money[v.id]))
    return money[visit.id]


async def complete(conn: Connection, appointment_id: UUID, *, now: datetime) -> None:
    """Note that the customer came.

    Raises:
        AppointmentUnknown, NotBegun, AppointmentEnded: as `rules.check_begun` says.
    """
    visit = await queries.lock_visit(conn, appointment_id)
    rules.check_begun(visit, "completed", now)
    await _turn(conn, visit, "completed", now=now)
    await tell(conn, visit, "completed")


async def mark_no_show(
    conn: Connection, appointment_id: UUID, *, now: datetime, waive_fee: bool = False
) -> Cancellation:
    """Note that the customer stayed away; return what that costs.

    Raises:
        AppointmentUnknown, NotBegun, AppointmentEnded: as `rules.check_begun` says.
    """
    visit = await queries.lock_visit(conn, appointment_id)
    money = rules.absence(visit, now=now, waive_fee=waive_fee)
    await _turn(conn, visit, "no_show", now=now, fee_minor=money.fee_minor)
    await tell(conn, visit, "no_show", **_facts(money))
    return money


async def expire_due(conn: Connection, now: datetime) -> int:
    """Free what was held, or waited for its payment, too long; return how many, at most 100 at a time."""
    due = [await queries.lock_visit(conn, appointment_id) for appointment_id in await queries.list_due(conn, now)]
    expired = [visit for visit in due if rules.is_due(visit, now) and await _turn(conn, visit, "expired", now=now)]
    for visit in expired:
        await tell(conn, visit, "expired")
    return len(expired)


async def tell(conn: Connection, visit: Visit, what: str, **more: Any) -> None:  # noqa: ANN401  any JSON
    """Put the event of a change and note it: the last statements of a transaction."""
    facts = {
        "status": visit.status if what == "moved" else what,
        "service_id": str(visit.service_id),
        "employee_id": str(visit.employee_id),
        "starts_at": visit.starts_at.isoformat(),
        "ends_at": visit.ends_at.isoformat(),
        "source": visit.source,
    }
    await outbox.put(conn, f"appointment.{what}", visit.id, **facts, **more)
    await audit.record(conn, f"appointment.{what}", visit.id, **more)


async def _turn(  # noqa: PLR0913  each is a fact of the change, by name
    conn: Connection,
    visit: Visit,
    status: Status,
    *,
    now: datetime,
    by: By | None = None,
    reason: str | None = None,
    fee_minor: int = 0,
) -> bool:
    """Give a visit a state, if it has one that this may follow; a seat's session ends with its last seat."""
    since = rules.BEFORE[status]
    turned = await queries.turn(conn, visit.id, status, since=since, now=now, by=by, reason=reason, fee_minor=fee_minor)
    if turned and visit.parent_id is not None and status in ("cancelled", "expired"):
        await queries.close_empty_session(conn, visit.parent_id, now)
    return turned


def _facts(money: Cancellation) -> dict[str, int]:
    return {"fee_minor": money.fee_minor, "refund_minor": money.refund_minor}
