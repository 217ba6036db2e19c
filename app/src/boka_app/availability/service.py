"""Find free slots: read what decides, let the rules decide."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from boka_app.availability import queries, rules
from boka_app.availability.model import Slot, Slots
from boka_app.catalog.model import EmployeeUnknown, Service
from boka_app.catalog.queries import get_service
from boka_app.database import Connection
from boka_app.tenants.model import Tenant

_NEXT_DAYS = 14  # how far a refusal looks for free starts
_NEXT_STARTS = 3


async def find_slots(
    conn: Connection,
    tenant: Tenant,
    service: Service,
    dates: list[date],
    *,
    employee_id: UUID | None = None,
    now: datetime,
) -> list[Slot]:
    """Return the free slots on these local dates.

    Raises:
        EmployeeUnknown: nobody (of that id) performs the service.
    """
    calendars = await queries.list_calendars(conn, service.id, employee_id, rules.search_span(dates, tenant))
    if not calendars:
        raise EmployeeUnknown(employee_id)
    return rules.slots(calendars, service, tenant, dates, now=now)


async def answer_slots(
    conn: Connection,
    tenant: Tenant,
    service_id: UUID,
    span: tuple[date, date],
    *,
    employee_id: UUID | None = None,
    now: datetime,
) -> Slots:
    """Return the slots list as the API answers it.

    Raises:
        RangeInvalid, ServiceUnknown, EmployeeUnknown: as their names say.
    """
    dates = rules.date_range(*span)
    service = await get_service(conn, service_id)
    found = await find_slots(conn, tenant, service, dates, employee_id=employee_id, now=now)
    return Slots(service=service.id, time_zone=tenant.time_zone, first=span[0], last=span[1], slots=found)


async def next_starts(
    conn: Connection, tenant: Tenant, service: Service, wanted: datetime, *, employee_id: UUID | None, now: datetime
) -> list[datetime]:
    """Return the first free starts from the day of a refused one."""
    day = wanted.astimezone(ZoneInfo(tenant.time_zone)).date()
    dates = [day + timedelta(days=n) for n in range(_NEXT_DAYS)]
    found = await find_slots(conn, tenant, service, dates, employee_id=employee_id, now=now)
    later = [slot.starts_at for slot in found if slot.starts_at >= wanted]
    return (later or [slot.starts_at for slot in found])[:_NEXT_STARTS]
