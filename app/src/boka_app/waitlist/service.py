"""Join, read and leave the waitlist, take what it offers; and offer a freed start to whoever waits longest."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace
from psycopg import errors

from boka_app.appointments import queries as appointments
from boka_app.appointments import tokens
from boka_app.appointments.model import AppointmentUnknown, Booked
from boka_app.appointments.service import in_zone
from boka_app.audit import queries as audit
from boka_app.availability.model import RangeInvalid
from boka_app.catalog.model import EmployeeUnknown
from boka_app.catalog.queries import get_service
from boka_app.database import Connection, tenant_transaction
from boka_app.idempotency import queries as keys
from boka_app.lifecycle import placing
from boka_app.lifecycle import queries as visits
from boka_app.lifecycle import service as lifecycle
from boka_app.outbox import queries as outbox
from boka_app.parts import Parts
from boka_app.tenants.model import Tenant
from boka_app.waitlist import queries
from boka_app.waitlist.model import Joined, JoinRequest, NothingOffered, WaitlistEntry, WaitlistUnknown

_OFFER = timedelta(minutes=60)  # to read a message and answer; a hold of one's own choice is shorter
_MOST_TRIES = 20  # who wants only what is not free with their employee is passed over; not without end


class WaitlistService:
    """What a customer can do with a place in the queue."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def join(self, slug: str, wish: JoinRequest, *, key: str) -> Joined:
        """Take the last place; repeat the answer of a request with this key.

        Raises:
            RangeInvalid: nothing lies between the two times, or it is over.
            ServiceUnknown, EmployeeUnknown: as their names say.
        """
        if not max(wish.earliest, self._parts.now()) < wish.latest:
            raise RangeInvalid(f"there is nothing left from {wish.earliest} to {wish.latest}; ask for a later end")
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            earlier = await keys.claim(conn, key, hashlib.sha256(b"waitlist" + msgspec.json.encode(wish)).digest())
            if earlier is not None:
                entry_id = UUID(str(earlier["id"]))
            else:
                entry_id = await _join(conn, wish)
                await keys.store(conn, key, {"id": str(entry_id)})
            entry = self._in_zone(tenant, await queries.get_entry(conn, entry_id))
        token = tokens.sign(self._parts.settings.signing_key, tenant.id, entry_id, purpose="waitlist")
        return Joined(entry=entry, token=token)

    async def read(self, slug: str, entry_id: UUID, token: str) -> WaitlistEntry:
        """Return a place to the holder of its token.

        Raises:
            WaitlistUnknown: there is none, or the token is another's.
        """
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            self._check(tenant, entry_id, token, "waitlist")
            return self._in_zone(tenant, await queries.get_entry(conn, entry_id))

    async def leave(self, slug: str, entry_id: UUID, token: str) -> WaitlistEntry:
        """Give a place up, and what is held for it; twice is no error.

        Raises:
            WaitlistUnknown: there is none, or the token is another's.
        """
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            self._check(tenant, entry_id, token, "waitlist")
            held = (await queries.get_entry(conn, entry_id)).appointment
            if held is not None:
                await visits.lock_visit(conn, held)  # before the place, as whoever takes the offer does
            if await queries.leave(conn, entry_id):
                if held is not None:
                    await lifecycle.cancel_those_left(conn, [held], by="customer", now=self._parts.now())
                await audit.record(conn, "waitlist.left", entry_id)
            return self._in_zone(tenant, await queries.get_entry(conn, entry_id))

    async def accept(self, slug: str, appointment_id: UUID, token: str) -> Booked:
        """Book what is held for somebody who waited; twice is no error. It is paid for as any booking is.

        Raises:
            AppointmentUnknown: there is none, or the token is another's.
            NothingOffered: it is no offer, or one that is over.
        """
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            self._check(tenant, appointment_id, token, "appointment")
            await _accept(conn, appointment_id, now=self._parts.now())
            booked = in_zone(await appointments.get_appointment(conn, appointment_id))
        url = f"{self._parts.settings.public_url}/b/{slug}/appointments/{appointment_id}/{token}"
        return Booked(appointment=booked, token=token, manage_url=url)

    def _check(self, tenant: Tenant, thing_id: UUID, token: str, purpose: str) -> None:
        signing_keys = self._parts.settings.signing_keys
        if not any(tokens.matches(key, tenant.id, thing_id, token, purpose=purpose) for key in signing_keys):
            raise WaitlistUnknown(thing_id) if purpose == "waitlist" else AppointmentUnknown(thing_id)

    def _in_zone(self, tenant: Tenant, entry: WaitlistEntry) -> WaitlistEntry:
        """Return a place with its times in the tenant's zone, and the secret of what it is offered."""
        zone = ZoneInfo(tenant.time_zone)
        moments = {name: getattr(entry, name) for name in ("earliest", "latest", "offer_until", "starts_at")}
        local = {name: moment and moment.astimezone(zone) for name, moment in moments.items()}
        offered = entry.appointment if entry.status == "offered" else None
        key = self._parts.settings.signing_key
        return replace(entry, **local, appointment_token=offered and tokens.sign(key, tenant.id, offered))


async def offer_start(
    conn: Connection, tenant: Tenant, service_id: UUID, employee_id: UUID, starts_at: datetime, *, now: datetime
) -> UUID | None:
    """Hold a freed start for whoever waited longest for one like it; return their place, or None when nobody does."""
    await placing.lock(conn, service_id, [placing.local_date(tenant, starts_at)], employee_id=None)
    passed: list[UUID] = []
    while len(passed) < _MOST_TRIES:
        waiting = await queries.next_waiting(conn, service_id, employee_id, starts_at, passed)
        if waiting is None:
            return None
        passed.append(waiting.id)
        until = min(now + _OFFER, starts_at)
        try:
            async with conn.transaction():
                who = await placing.candidates(
                    conn, tenant, service_id, starts_at, employee_id=waiting.employee_id, now=now
                )
                held = await placing.hold(
                    conn, service_id, starts_at, who, customer_id=waiting.customer_id, until=until, now=now
                )
        except placing.UNAVAILABLE:
            continue
        await queries.offer(conn, waiting.id, held, now=now, until=until)
        await placing.note_expired(conn)
        facts = {"appointment_id": held, "service_id": service_id, "starts_at": starts_at, "offer_until": until}
        await outbox.put(conn, "waitlist.offered", waiting.id, **msgspec.to_builtins(facts))
        await audit.record(conn, "waitlist.offered", waiting.id, appointment_id=str(held))
        return waiting.id
    return None


async def _join(conn: Connection, wish: JoinRequest) -> UUID:
    await get_service(conn, wish.service)
    entry_id, customer_id = uuid4(), await placing.keep_customer(conn, wish.customer)
    try:
        await queries.join(conn, entry_id, customer_id, wish)
    except errors.ForeignKeyViolation as err:
        raise EmployeeUnknown(wish.employee) from err
    await audit.record(conn, "waitlist.joined", entry_id)
    return entry_id


async def _accept(conn: Connection, appointment_id: UUID, *, now: datetime) -> None:
    held = await visits.lock_visit(conn, appointment_id)
    status = await queries.lock_offer(conn, appointment_id)
    if status == "booked":
        return
    if status != "offered" or not await placing.accept_hold(conn, appointment_id, now):
        raise NothingOffered(held.status)
    await queries.end_offer(conn, appointment_id, "booked")
    booked = await visits.lock_visit(conn, appointment_id)
    await lifecycle.tell(conn, booked, "booked")
