"""Join, read and leave the waitlist, take what it offers; and offer a freed start to whoever waits longest."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import asdict, replace
from psycopg import errors

from boka_app.appointments import queries as appointments
from boka_app.appointments import tokens
from boka_app.appointments.model import Appointment
from boka_app.appointments.service import in_zone
from boka_app.audit import queries as audit
from boka_app.availability.model import RangeInvalid
from boka_app.catalog.model import EmployeeUnknown
from boka_app.catalog.queries import get_service
from boka_app.database import Connection
from boka_app.idempotency.service import once
from boka_app.lifecycle import placing
from boka_app.lifecycle import queries as visits
from boka_app.lifecycle import service as lifecycle
from boka_app.outbox import queries as outbox
from boka_app.parts import Parts
from boka_app.tenants.model import Tenant
from boka_app.waitlist import queries
from boka_app.waitlist.model import Joined, JoinRequest, NothingOffered, WaitlistEntry

_OFFER = timedelta(minutes=60)  # to read a message and answer; a hold of one's own choice is shorter
_MOST_TRIES = 20  # who wants only what is not free with their employee is passed over; not without end


async def join(conn: Connection, parts: Parts, tenant: Tenant, wish: JoinRequest, *, key: str) -> Joined:
    """Take the last place; repeat the answer of a request with this key.

    Raises:
        RangeInvalid: nothing lies between the two times, or it is over.
        ServiceUnknown, EmployeeUnknown: as their names say.
    """
    if not max(wish.earliest, parts.now()) < wish.latest:
        raise RangeInvalid(f"there is nothing left from {wish.earliest} to {wish.latest}; ask for a later end")
    entry_id = await once(conn, key, "waitlist", wish, UUID, partial(_join, conn, wish))
    token = tokens.sign(parts.settings.signing_key, tenant.id, entry_id, purpose="waitlist")
    return Joined(entry=await read(conn, parts, tenant, entry_id), token=token)


async def read(conn: Connection, parts: Parts, tenant: Tenant, entry_id: UUID) -> WaitlistEntry:
    """Return a place with its times in the tenant's zone, and the secret of what it is offered.

    Raises:
        WaitlistUnknown: there is none.
    """
    entry, zone = await queries.get_entry(conn, id=entry_id), ZoneInfo(tenant.time_zone)
    moments = {name: getattr(entry, name) for name in ("earliest", "latest", "offer_until", "starts_at")}
    local = {name: moment and moment.astimezone(zone) for name, moment in moments.items()}
    offered = entry.appointment if entry.status == "offered" else None
    key = parts.settings.signing_key
    return replace(entry, **local, appointment_token=offered and tokens.sign(key, tenant.id, offered))


async def leave(conn: Connection, entry_id: UUID, now: datetime) -> None:
    """Give a place up, and what is held for it; twice is no error.

    Raises:
        WaitlistUnknown: there is none.
    """
    held = (await queries.get_entry(conn, id=entry_id)).appointment
    if held is not None:
        await visits.lock_visit(conn, held)  # before the place, as whoever takes the offer does
    if await queries.leave(conn, id=entry_id):
        if held is not None:
            await lifecycle.cancel_those_left(conn, [held], by="customer", now=now)
        await audit.record(conn, "waitlist.left", entry_id)


async def accept(conn: Connection, appointment_id: UUID, now: datetime) -> Appointment:
    """Book what is held for somebody who waited; twice is no error. It is paid for as any booking is.

    Raises:
        AppointmentUnknown: there is none.
        NothingOffered: it is no offer, or one that is over.
    """
    held = await visits.lock_visit(conn, appointment_id)
    status = await queries.lock_offer(conn, appointment_id=appointment_id)
    if status != "booked":
        if status != "offered" or not await placing.accept_hold(conn, id=appointment_id, now=now):
            raise NothingOffered(held.status)
        await queries.end_offer(conn, appointment_id=appointment_id, status="booked")
        await lifecycle.tell(conn, await visits.lock_visit(conn, appointment_id), "booked")
    return in_zone(await appointments.get_appointment(conn, appointment_id))


async def offer_start(
    conn: Connection, tenant: Tenant, service_id: UUID, employee_id: UUID, starts_at: datetime, *, now: datetime
) -> UUID | None:
    """Hold a freed start for whoever waited longest for one like it; return their place, or None when nobody does."""
    dates = [placing.local_date(tenant, starts_at)]
    await placing.lock(conn, service_id=service_id, dates=dates, employee_id=None)
    passed: list[UUID] = []
    while len(passed) < _MOST_TRIES:
        start = {"service_id": service_id, "starts_at": starts_at}
        waiting = await queries.next_waiting(conn, **start, employee_id=employee_id, passed=passed)
        if waiting is None:
            return None
        passed.append(waiting.id)
        until = min(now + _OFFER, starts_at)
        try:
            async with conn.transaction():
                who = await placing.candidates(
                    conn, tenant, service_id, starts_at, employee_id=waiting.employee_id, now=now
                )
                whose = {"customer_id": waiting.customer_id, "employees": who}
                held = await placing.hold(conn, **start, **whose, until=until, now=now)
        except placing.UNAVAILABLE:
            continue
        await queries.offer(conn, id=waiting.id, appointment_id=held, now=now, until=until)
        await placing.note_expired(conn)
        facts = start | {"appointment_id": held, "offer_until": until}
        await outbox.put(conn, "waitlist.offered", waiting.id, **msgspec.to_builtins(facts))
        await audit.record(conn, "waitlist.offered", waiting.id, appointment_id=str(held))
        return waiting.id
    return None


async def _join(conn: Connection, wish: JoinRequest) -> UUID:
    await get_service(conn, wish.service)
    entry_id, customer_id = uuid4(), await placing.keep_customer(conn, wish.customer)
    try:
        await queries.join(conn, **asdict(wish) | {"id": entry_id, "customer_id": customer_id})
    except errors.ForeignKeyViolation as err:
        raise EmployeeUnknown(wish.employee) from err
    await audit.record(conn, "waitlist.joined", entry_id)
    return entry_id
