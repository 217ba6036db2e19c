"""Find free slots: read what decides, let the rules decide."""

import math
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from boka_app.availability import queries, rules
from boka_app.availability.model import Availability, Order, Slot, Slots
from boka_app.catalog.model import Service
from boka_app.database import Connection
from boka_app.tenants.model import Tenant

_NEXT_DAYS = 14  # how far a refusal looks for free starts


async def find_slots(  # noqa: PLR0913  what is searched, by name
    conn: Connection,
    tenant: Tenant,
    service: Service,
    dates: list[date],
    *,
    employee_id: UUID | None = None,
    now: datetime,
    order: Order = "time",
) -> list[Slot]:
    """Return the free slots on these local dates.

    Raises:
        EmployeeUnknown: nobody (of that id) performs the service.
    """
    found = await queries.find_availability(conn, tenant.id, service.id, dates, employee_id=employee_id, now=now)
    return rules.slots(found, dates, now=now, order=order)


def answer_slots(found: Availability, dates: list[date], *, now: datetime, order: Order = "time") -> Slots:
    """Return the slots list as the API answers it, with reasons when it is empty."""
    slots = rules.slots(found, dates, now=now, order=order)
    return Slots(
        service=found.service.id,
        time_zone=found.tenant.time_zone,
        first=dates[0],
        last=dates[-1],
        slots=slots,
        reasons={} if slots else rules.reasons(found, dates, now=now),
    )


def seconds_true(found: Availability, now: datetime) -> float:
    """Return for how long an answer stays true by itself: until the first hold in it may expire."""
    ends = [calendar.expires_at for calendar in found.calendars if calendar.expires_at is not None]
    return (min(ends) - now).total_seconds() if ends else math.inf


async def next_starts(
    conn: Connection, tenant: str | UUID, service_id: UUID, wanted: datetime, *, employee_id: UUID | None, now: datetime
) -> list[datetime]:
    """Return the first free starts from the day of a refused one."""
    day = wanted.astimezone(UTC).date()
    dates = [day + timedelta(days=n) for n in range(_NEXT_DAYS)]
    found = await queries.find_availability(conn, tenant, service_id, dates, employee_id=employee_id, now=now)
    return rules.next_starts(found, dates, wanted, now=now)
