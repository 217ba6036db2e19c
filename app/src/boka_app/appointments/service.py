"""Book, read, cancel: each one transaction."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec

from boka_app import metrics
from boka_app.appointments import queries, tokens
from boka_app.appointments.model import (
    Appointment,
    AppointmentStarted,
    AppointmentUnknown,
    Booked,
    BookingRequest,
    NewAppointment,
)
from boka_app.audit import queries as audit
from boka_app.availability import queries as calendar_queries
from boka_app.availability import rules
from boka_app.availability.model import Calendar, SlotTaken
from boka_app.availability.service import next_starts
from boka_app.catalog.model import EmployeeUnknown, Service
from boka_app.catalog.queries import get_service
from boka_app.database import Connection, Pool, tenant_transaction
from boka_app.errors import DomainError
from boka_app.idempotency import queries as keys
from boka_app.tenants.model import Tenant


class AppointmentService:
    """What can be done with appointments, for one site."""

    def __init__(self, pool: Pool, *, signing_key: bytes, public_url: str, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._signing_key = signing_key
        self._public_url = public_url
        self._now = now

    async def book(self, slug: str, wish: BookingRequest, *, key: str) -> tuple[Booked, bool]:
        """Book one slot; return the answer, and whether it repeats an earlier one.

        Raises:
            DomainError: the wish cannot be had; `SlotTaken` names the next free starts. Nothing was written.
        """
        try:
            booked, replayed = await self._book(slug, wish, key)
        except SlotTaken as err:
            metrics.TRANSACTIONS.labels("taken").inc()
            raise SlotTaken(err.starts_at, await self._next_starts(slug, wish)) from err
        except DomainError:
            metrics.TRANSACTIONS.labels("refused").inc()
            raise
        except Exception:
            metrics.TRANSACTIONS.labels("failed").inc()
            raise
        metrics.TRANSACTIONS.labels("replayed" if replayed else "booked").inc()
        metrics.BOOKINGS.inc(not replayed)
        return booked, replayed

    async def read(self, slug: str, appointment_id: UUID, token: str) -> Appointment:
        """Return an appointment to the holder of its token.

        Raises:
            AppointmentUnknown: there is none, or the token is another's.
        """
        async with tenant_transaction(self._pool, slug) as (conn, tenant):
            self._check_token(tenant, appointment_id, token)
            return _in_zone(await queries.get_appointment(conn, appointment_id))

    async def cancel(self, slug: str, appointment_id: UUID, token: str) -> Appointment:
        """Cancel and free the slot; cancelling twice is no error.

        Raises:
            AppointmentUnknown: there is none, or the token is another's.
            AppointmentStarted: it has begun.
        """
        async with tenant_transaction(self._pool, slug) as (conn, tenant):
            self._check_token(tenant, appointment_id, token)
            await queries.lock_appointment(conn, appointment_id)
            found = await queries.get_appointment(conn, appointment_id)
            if found.status != "cancelled" and found.starts_at <= self._now():
                raise AppointmentStarted(found.starts_at)
            if await queries.cancel_appointment(conn, appointment_id):
                await audit.record(conn, "appointment.cancelled", appointment_id)
            return _in_zone(await queries.get_appointment(conn, appointment_id))

    async def _book(self, slug: str, wish: BookingRequest, key: str) -> tuple[Booked, bool]:
        async with tenant_transaction(self._pool, slug) as (conn, tenant):
            earlier = await keys.claim(conn, key, fingerprint(wish))
            if earlier is not None:
                return self._answer(tenant, msgspec.convert(earlier, Appointment)), True
            service = await get_service(conn, wish.service)
            appointment_id = await self._insert(conn, tenant, service, wish)
            await audit.record(conn, "appointment.booked", appointment_id)
            booked = _in_zone(await queries.get_appointment(conn, appointment_id))
            await keys.store(conn, key, msgspec.to_builtins(booked))
            return self._answer(tenant, booked), False

    async def _insert(self, conn: Connection, tenant: Tenant, service: Service, wish: BookingRequest) -> UUID:
        """Insert for the first of the free employees whom nobody else books meanwhile."""
        rules.check_limits(tenant, wish.starts_at, self._now())
        day = wish.starts_at.astimezone(ZoneInfo(tenant.time_zone)).date()
        span = rules.search_span([day], tenant)
        calendars = await calendar_queries.list_calendars(conn, service.id, wish.employee, span)
        if not calendars:
            raise EmployeeUnknown(wish.employee)
        free = rules.choose_calendars(calendars, service, tenant, wish.starts_at, now=self._now())
        customer_id = uuid4()
        await queries.insert_customer(conn, customer_id, wish.customer)
        for calendar in free:
            new = plan(wish, service, calendar, appointment_id=uuid4(), customer_id=customer_id)
            try:
                await queries.insert_appointment(conn, new)
            except SlotTaken:
                continue
            return new.id
        raise SlotTaken(wish.starts_at)

    async def _next_starts(self, slug: str, wish: BookingRequest) -> list[datetime]:
        async with tenant_transaction(self._pool, slug) as (conn, tenant):
            service = await get_service(conn, wish.service)
            return await next_starts(conn, tenant, service, wish.starts_at, employee_id=wish.employee, now=self._now())

    def _answer(self, tenant: Tenant, appointment: Appointment) -> Booked:
        token = tokens.sign(self._signing_key, tenant.id, appointment.id)
        url = f"{self._public_url}/b/{tenant.slug}/appointments/{appointment.id}/{token}"
        return Booked(appointment=appointment, token=token, manage_url=url)

    def _check_token(self, tenant: Tenant, appointment_id: UUID, token: str) -> None:
        if not tokens.matches(self._signing_key, tenant.id, appointment_id, token):
            raise AppointmentUnknown(appointment_id)


def plan(
    wish: BookingRequest, service: Service, calendar: Calendar, *, appointment_id: UUID, customer_id: UUID
) -> NewAppointment:
    """Return the row that a wish becomes for one employee, its times in UTC."""
    starts_at = wish.starts_at.astimezone(UTC)
    occupied_from, occupied_until = rules.occupied_span(service, starts_at)
    return NewAppointment(
        id=appointment_id,
        service_id=service.id,
        employee_id=calendar.employee_id,
        customer_id=customer_id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=service.duration_minutes),
        occupied_from=occupied_from,
        occupied_until=occupied_until,
    )


def fingerprint(wish: BookingRequest) -> bytes:
    """Return what tells one wish from another, whatever the order of its fields in the body."""
    return hashlib.sha256(msgspec.json.encode(wish)).digest()


def _in_zone(appointment: Appointment) -> Appointment:
    zone = ZoneInfo(appointment.time_zone)
    local = {name: getattr(appointment, name).astimezone(zone) for name in ("starts_at", "ends_at")}
    return msgspec.structs.replace(appointment, **local)
