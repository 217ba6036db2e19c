"""Confirm, cancel, close and expire, in the caller's transaction, which has entered the tenant.

Rows are locked and changed first, and noted in the audit last: its chain is a lock of the whole tenant, and whoever
waited for a row while holding it would wait for somebody who waits for the chain.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import UNSET, to_builtins
from msgspec.structs import asdict, replace

from boka_app.appointments import queries as appointments
from boka_app.audit import queries as audit
from boka_app.availability.model import DayFull, SlotTaken
from boka_app.availability.service import next_starts
from boka_app.database import Connection
from boka_app.idempotency import queries as keys
from boka_app.lifecycle import placing, queries, rules
from boka_app.lifecycle.model import (
    AppointmentEnded,
    By,
    Cancellation,
    Edit,
    Entry,
    Move,
    StaffBooking,
    Status,
    Visit,
)
from boka_app.outbox import queries as outbox
from boka_app.tenants.model import Actor, Tenant

Match = Callable[[int], None]  # lets the version of what is to be changed pass, or raises


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
    seats = await queries.lock_visits(conn, await queries.list_seats(conn, id=visit.id))
    waive_fee = waive_fee or visit.kind == "session"
    money = await _cancel(conn, [visit, *seats], by=by, reason=reason, now=now, waive_fee=waive_fee)
    return money[visit.id]


async def cancel_those_left(conn: Connection, appointment_ids: Sequence[UUID], *, by: By, now: datetime) -> None:
    """End those of the appointments that are not over, each at the price of cancelling it alone.

    Raises:
        AppointmentStarted: one has begun, and it is the customer who asks.
    """
    left = [visit for visit in await queries.lock_visits(conn, appointment_ids) if visit.status in rules.LIVE]
    await _cancel(conn, left, by=by, reason="", now=now)


async def book(
    conn: Connection, tenant: Tenant, wish: StaffBooking, *, claim: tuple[str, bytes], actor: Actor, now: datetime
) -> UUID:
    """Book for a customer, once for each idempotency key; return the appointment's id.

    Raises:
        DomainError: the wish cannot be had. The transaction is to be rolled back.
    """
    earlier = await keys.find_answer(conn, tenant.id, *claim)
    if earlier is not None:
        return UUID(str(earlier["id"]))
    placing.check_year(tenant, wish.starts_at, now)
    how: dict[str, Any] = {"employee_id": wish.employee, "override_limits": wish.override_limits}
    who = await placing.candidates(conn, tenant, wish.service, wish.starts_at, now=now, **how)
    placed = await appointments.book(
        conn,
        tenant.id,
        wish,
        who,
        now=now,
        customer=wish.customer,
        claim=claim,
        actor=actor,
        source="staff",
        notes=wish.notes,
        special_requests=wish.special_requests,
    )
    return placed.appointment.id


async def confirm_or_refuse(conn: Connection, appointment_id: UUID, *, now: datetime) -> None:
    """Make a pending appointment certain.

    Raises:
        AppointmentUnknown, AppointmentEnded: there is none, or it is in another state.
    """
    if not await confirm(conn, appointment_id, now=now):
        raise AppointmentEnded((await queries.get_entry(conn, appointment_id)).status, "confirmed")


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
    await tell(conn, visit, "no_show", **asdict(money))
    return money


async def reschedule(  # noqa: PLR0913  what moves, by name
    conn: Connection,
    tenant: Tenant,
    appointment_id: UUID,
    move: Move,
    *,
    by: By,
    now: datetime,
    match: Match | None = None,
    override_limits: bool = False,
) -> Visit:
    """Give an appointment of the version that `match` lets pass another start, and free the old one at once.

    It keeps its id, its price and, when free, its employee. The move to where it is already is no error and no move.

    Raises:
        AppointmentUnknown: the entered tenant has none of that id.
        SlotInPast, BeyondHorizon: it moves to where no tenant takes it.
        AppointmentStarted, AppointmentEnded, MoveRefused: as `rules.check_move` says.
        DomainError: the new start cannot be had, as with booking. The transaction is to be rolled back.
    """
    visit = await _lock_for_move(conn, tenant, appointment_id, move, now)
    if match is not None:
        match(visit.version)
    wanted = visit.employee_id if move.employee is UNSET else move.employee
    if visit.starts_at == move.starts_at and wanted in (None, visit.employee_id):
        return visit
    rules.check_move(visit, by=by, now=now)
    how: dict[str, Any] = {"employee_id": wanted, "except_id": visit.id, "override_limits": override_limits}
    employees = await placing.candidates(conn, tenant, visit.service_id, move.starts_at, now=now, **how)
    employees.sort(key=lambda employee_id: employee_id != visit.employee_id)
    await placing.move(conn, id=visit.id, starts_at=move.starts_at, employees=employees, now=now)
    moved = await queries.lock_visit(conn, visit.id)
    await placing.note_expired(conn)
    was = {"was_starts_at": visit.starts_at, "was_ends_at": visit.ends_at, "was_employee_id": visit.employee_id}
    await tell(conn, moved, "moved", **to_builtins(was))
    return moved


async def _lock_for_move(conn: Connection, tenant: Tenant, appointment_id: UUID, move: Move, now: datetime) -> Visit:
    """Return an appointment to move, with all that moving it may change kept from others."""
    placing.check_year(tenant, move.starts_at, now)
    entry = await queries.get_entry(conn, appointment_id)
    wanted = entry.employee if move.employee is UNSET else move.employee
    dates = [placing.local_date(tenant, move.starts_at)]
    await placing.lock(conn, service_id=entry.service, dates=dates, employee_id=wanted, moved_id=appointment_id)
    return await queries.lock_visit(conn, appointment_id)


async def move(
    conn: Connection, tenant: Tenant, appointment_id: UUID, wish: Move, *, now: datetime, match: Match | None = None
) -> None:
    """Move an appointment as its customer wants, of the version that `match` lets pass.

    Raises:
        SlotTaken, DayFull: the new start cannot be had; they name the next that can.
        DomainError: as `reschedule` says.
    """
    try:
        async with conn.transaction():  # which ends before the next starts are looked for, with its locks
            await reschedule(conn, tenant, appointment_id, wish, by="customer", now=now, match=match)
    except (SlotTaken, DayFull) as err:
        service_id = (await queries.get_entry(conn, appointment_id)).service
        free = await next_starts(conn, tenant.id, service_id, err.starts_at, employee_id=None, now=now)
        raise type(err)(err.starts_at, free) from err


async def expire_due(conn: Connection, now: datetime) -> int:
    """Free what was held, or waited for its payment, too long; return how many, at most 100 at a time."""
    due = await queries.lock_visits(conn, await queries.list_due(conn, now=now))
    expired = [visit for visit in due if rules.is_due(visit, now) and await _turn(conn, visit, "expired", now=now)]
    for visit in expired:
        await tell(conn, visit, "expired")
    return len(expired)


async def edit(
    conn: Connection, tenant: Tenant, appointment_id: UUID, edit: Edit, *, match: Match, now: datetime
) -> None:
    """Carry out what staff change about an appointment of the version that `match` lets pass.

    Raises:
        AppointmentUnknown: the entered tenant has none of that id.
        DomainError: the move cannot be made. The transaction is to be rolled back.
    """
    if edit.starts_at is UNSET and edit.employee is UNSET:
        visit = await queries.lock_visit(conn, appointment_id)
        match(visit.version)
    else:
        stays_at = (await queries.get_entry(conn, appointment_id)).starts_at
        move = Move(starts_at=stays_at if edit.starts_at is UNSET else edit.starts_at, employee=edit.employee)
        how: dict[str, Any] = {"match": match, "override_limits": edit.override_limits}
        visit = await reschedule(conn, tenant, appointment_id, move, by="staff", now=now, **how)
    if edit.notes is not UNSET or edit.waive_fee:
        notes = None if edit.notes is UNSET else edit.notes
        await queries.edit(conn, id=visit.id, notes=notes, waive_fee=edit.waive_fee)
        await tell(conn, await queries.get_visit(conn, ids=[visit.id]), "edited", fee_waived=edit.waive_fee)


async def tell(conn: Connection, visit: Visit, what: str, **more: Any) -> None:  # noqa: ANN401  any JSON
    """Put the event of a change and note it: the last statements of a transaction."""
    facts = {
        "status": visit.status if what in ("moved", "edited") else what,
        "service_id": str(visit.service_id),
        "employee_id": str(visit.employee_id),
        "starts_at": visit.starts_at.isoformat(),
        "ends_at": visit.ends_at.isoformat(),
        "source": visit.source,
    }
    await outbox.put(conn, f"appointment.{what}", visit.id, **facts, **more)
    await audit.record(conn, f"appointment.{what}", visit.id, **more)


def in_zone(entry: Entry) -> Entry:
    """Return an appointment with its span in the tenant's zone."""
    zone = ZoneInfo(entry.time_zone)
    return replace(entry, starts_at=entry.starts_at.astimezone(zone), ends_at=entry.ends_at.astimezone(zone))


async def _cancel(
    conn: Connection, visits: Sequence[Visit], *, by: By, reason: str, now: datetime, waive_fee: bool = False
) -> dict[UUID, Cancellation]:
    """End visits that are locked; return what each costs."""
    money = {v.id: rules.cancellation(v, by=by, now=now, waive_fee=waive_fee) for v in visits}
    ended = [
        v
        for v in visits
        if await _turn(conn, v, "cancelled", now=now, by=by, reason=reason, fee_minor=money[v.id].fee_minor)
    ]
    for v in ended:
        await tell(conn, v, "cancelled", **asdict(money[v.id]))
    return money


async def _turn(conn: Connection, visit: Visit, status: Status, *, now: datetime, **change: Any) -> bool:  # noqa: ANN401  as the statement takes it
    """Give a visit a state, if it has one that this may follow; a seat's session ends with its last seat."""
    turned = (
        await queries.turn(conn, id=visit.id, status=status, since=list(rules.BEFORE[status]), now=now, **change) > 0
    )
    if turned and visit.parent_id is not None and status in ("cancelled", "expired"):
        await queries.close_empty_session(conn, id=visit.parent_id, now=now)
    return turned
