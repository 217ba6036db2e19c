"""Book, hold, and give a hold up: each one transaction."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from psycopg import errors

from boka_app import metrics
from boka_app.appointments import queries, recent, tokens
from boka_app.appointments.model import (
    Appointment,
    AppointmentUnknown,
    Booked,
    BookingRequest,
    Held,
    HoldOver,
    HoldRequest,
    Placed,
)
from boka_app.audit import queries as audit
from boka_app.availability import rules
from boka_app.availability.model import Availability, DayFull, DecisionStale, SlotTaken
from boka_app.availability.queries import find_availability
from boka_app.availability.service import next_starts
from boka_app.cache.service import SlotCache
from boka_app.database import Connection, Pool, connection, tenant_transaction
from boka_app.errors import DomainError
from boka_app.idempotency import queries as keys
from boka_app.tenants.model import CUSTOMER, Actor, Tenant

_ATTEMPTS = 3  # when facts changed between reading and writing, or a deadlock was broken


class AppointmentService:
    """What can be done with appointments, for one site."""

    def __init__(
        self,
        pool: Pool,
        *,
        signing_key: bytes,
        public_url: str,
        now: Callable[[], datetime],
        cache: SlotCache | None = None,
        earlier_keys: Sequence[bytes] = (),
    ) -> None:
        self._keys = (signing_key, *earlier_keys)
        self._cache = cache or SlotCache(None)
        self._pool = pool
        self._public_url = public_url
        self._now = now
        self._recent = recent.RecentDays()

    async def book(
        self, slug: str, wish: BookingRequest, *, key: str, actor: Actor = CUSTOMER, source: str = "web"
    ) -> tuple[Booked, bool]:
        """Book one slot; return the answer, and whether it repeats an earlier one.

        Raises:
            DomainError: the wish cannot be had; `SlotTaken` names the next free starts. Nothing was written.
        """
        details = {
            "customer": wish.customer,
            "notes": wish.notes,
            "special_requests": wish.special_requests,
            "hold_id": wish.hold,
            "claim": (key, fingerprint(wish)),
            "actor": actor,
            "source": source,
        }
        try:
            found, placed = await self._place(slug, wish, hold_token=wish.hold_token, **details)
        except DomainError as err:
            metrics.TRANSACTIONS.labels("taken" if isinstance(err, SlotTaken) else "refused").inc()
            raise
        except Exception:
            metrics.TRANSACTIONS.labels("failed").inc()
            raise
        metrics.TRANSACTIONS.labels("replayed" if placed.replayed else "booked").inc()
        metrics.BOOKINGS.inc(not placed.replayed)
        return self._answer(found.tenant, in_zone(placed.appointment)), placed.replayed

    async def hold(self, slug: str, wish: HoldRequest, *, actor: Actor = CUSTOMER) -> Held:
        """Keep one slot for the minutes that the tenant gives.

        Raises:
            DomainError: the slot cannot be had; `SlotTaken` names the next free starts. Nothing was written.
        """
        found, placed = await self._place(slug, wish, actor=actor)
        hold, now = in_zone(placed.appointment), self._now()
        expires_at = hold.expires_at or now
        token = tokens.sign(self._keys[0], found.tenant.id, hold.id)
        seconds = max(0, (expires_at - now) // timedelta(seconds=1))
        return Held(hold=hold, token=token, expires_at=expires_at, expires_in_seconds=seconds)

    async def release(self, slug: str, hold_id: UUID, token: str) -> None:
        """Give a hold up; giving it up twice is no error.

        Raises:
            AppointmentUnknown: the token is another's.
        """
        async with tenant_transaction(self._pool, slug) as (conn, tenant):
            if not self._owns(tenant, hold_id, token):
                raise AppointmentUnknown(hold_id)
            if await queries.release_hold(conn, hold_id):
                await audit.record(conn, "appointment.released", hold_id)

    async def _place(
        self,
        slug: str,
        wish: HoldRequest,
        *,
        hold_token: str = "",
        **details: Any,  # noqa: ANN401  as `queries.book` has them
    ) -> tuple[Availability, Placed]:
        """Decide, write, and tell the cache; a refusal names the next free starts."""
        day = recent.day_of(slug, wish) if details.get("hold_id") is None else None
        found, placed = await self._place_as_known(day, wish, details) or await self._place_as_read(
            slug, wish, hold_token, details
        )
        self._recent.note(day, found)
        await self._tell_cache(found.tenant.id, placed)
        return found, placed

    async def _place_as_known(
        self, day: recent.Day | None, wish: HoldRequest, details: dict[str, Any]
    ) -> tuple[Availability, Placed] | None:
        """Decide on what an earlier booking of the day read; None where that does not do."""
        known = self._recent.recall(day)
        if known is None:
            return None
        try:
            async with connection(self._pool) as conn:
                return known, await self._write(conn, known, wish, details)
        except (DomainError, errors.DeadlockDetected):  # what is in the way, reading tells
            return None

    async def _place_as_read(
        self, slug: str, wish: HoldRequest, hold_token: str, details: dict[str, Any]
    ) -> tuple[Availability, Placed]:
        """Read, decide and write, again if what was decided on changed meanwhile."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with connection(self._pool) as conn:
                    found, placed = await self._decide_and_write(conn, slug, wish, hold_token, details)
            except (DecisionStale, errors.DeadlockDetected):
                if attempt == _ATTEMPTS:
                    raise
            except (SlotTaken, DayFull) as err:
                if err.next_starts:
                    raise
                async with connection(self._pool) as conn:
                    free = await next_starts(
                        conn, slug, wish.service, wish.starts_at, employee_id=wish.employee, now=self._now()
                    )
                raise type(err)(err.starts_at, free) from err
            else:
                return found, placed
        raise AssertionError

    async def _decide_and_write(
        self, conn: Connection, slug: str, wish: HoldRequest, hold_token: str, details: dict[str, Any]
    ) -> tuple[Availability, Placed]:
        now, hold_id, dates = self._now(), details.get("hold_id"), rules.dates_around(wish.starts_at)
        found = await find_availability(conn, slug, wish.service, dates, employee_id=wish.employee, now=now)
        if hold_id is not None and not self._owns(found.tenant, hold_id, hold_token):
            raise HoldOver(hold_id)
        try:
            placed = await self._write(conn, found, wish, details)
        except DomainError as err:
            # What keeps the slot from this request may be the booking of the first one with its key.
            earlier = await keys.find_answer(conn, found.tenant.id, *details["claim"]) if "claim" in details else None
            if earlier is not None:
                return found, Placed(appointment=msgspec.convert(earlier, Appointment), versions={}, replayed=True)
            if isinstance(err, SlotTaken | DayFull):
                raise type(err)(err.starts_at, rules.next_starts(found, dates[1:], wish.starts_at, now=now)) from err
            raise
        return found, placed

    async def _write(self, conn: Connection, found: Availability, wish: HoldRequest, details: dict[str, Any]) -> Placed:
        now = self._now()
        free = found.calendars if details.get("hold_id") else rules.choose_calendars(found, wish.starts_at, now=now)
        ids, version = [calendar.employee_id for calendar in free], found.catalog_version
        return await queries.book(conn, found.tenant.id, wish, ids, now=now, catalog_version=version, **details)

    async def _tell_cache(self, tenant_id: UUID, placed: Placed) -> None:
        if placed.replayed:  # whoever was first may have died before telling
            await self._cache.forget(tenant_id)
        else:
            visit = placed.appointment
            days = rules.days_moved(visit.starts_at, visit.ends_at, visit.time_zone)
            await self._cache.bump(tenant_id, placed.versions, days)

    def _answer(self, tenant: Tenant, appointment: Appointment) -> Booked:
        token = tokens.sign(self._keys[0], tenant.id, appointment.id)
        url = f"{self._public_url}/b/{tenant.slug}/appointments/{appointment.id}/{token}"
        return Booked(appointment=appointment, token=token, manage_url=url)

    def _owns(self, tenant: Tenant, appointment_id: UUID, token: str) -> bool:
        return any(tokens.matches(key, tenant.id, appointment_id, token) for key in self._keys)


def fingerprint(wish: BookingRequest) -> bytes:
    """Return what tells one wish from another, whatever the order of its fields in the body."""
    return hashlib.sha256(msgspec.json.encode(wish)).digest()


def in_zone(appointment: Appointment) -> Appointment:
    """Return the appointment with its span in the tenant's zone."""
    zone = ZoneInfo(appointment.time_zone)
    local = {name: getattr(appointment, name).astimezone(zone) for name in ("starts_at", "ends_at")}
    return msgspec.structs.replace(appointment, **local)
