"""SQL that reads calendars."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from boka_app.availability.model import Availability, Calendar, Offer
from boka_app.catalog.model import EmployeeUnknown, ServiceUnknown
from boka_app.database import SLUG, Connection
from boka_app.tenants.model import Tenant, TenantUnknown

_FIND = """
select get_optimized_availability(
    %(tenant_id)s, %(first)s, %(service_id)s, %(employee_id)s, %(days)s, %(now)s, %(slug)s, %(except_id)s
)::text
"""


class _Found(msgspec.Struct):
    tenant: Tenant | None
    service: Offer | None
    calendars: list[Calendar]
    closed: list[tuple[int, int]]
    full_days: list[int]
    catalog_version: int


_decoder = msgspec.json.Decoder(_Found)


async def find_availability(  # noqa: PLR0913  what is searched, by name
    conn: Connection,
    tenant: str | UUID,
    service_id: UUID,
    dates: list[date],
    *,
    employee_id: UUID | None = None,
    now: datetime,
    except_id: UUID | None = None,
) -> Availability:
    """Enter the tenant, by name or id, and return all that decides when the service can be booked on these dates.

    One round trip; a transaction of its own unless one is open. An appointment `except_id` counts as if it were not.

    Raises:
        TenantUnknown, ServiceUnknown: there is none, or it is no longer offered.
        EmployeeUnknown: nobody (of that id) performs the service.
    """
    slug, tenant_id = (tenant, None) if isinstance(tenant, str) else (None, tenant)
    if slug is not None and SLUG.fullmatch(slug) is None:
        raise TenantUnknown(slug)
    wanted = {
        "tenant_id": tenant_id,
        "slug": slug,
        "service_id": service_id,
        "employee_id": employee_id,
        "first": dates[0],
        "days": len(dates),
        "now": now,
        "except_id": except_id,
    }
    row = await (await conn.execute(_FIND, wanted)).fetchone()
    assert row is not None  # noqa: S101  a function gives one row
    found = _decoder.decode(row[0])
    if found.tenant is None:
        raise TenantUnknown(str(tenant))
    if found.service is None:
        raise ServiceUnknown(service_id)
    if not found.calendars or (employee_id and employee_id not in {c.employee_id for c in found.calendars}):
        raise EmployeeUnknown(employee_id)
    return Availability(
        tenant=found.tenant,
        service=found.service,
        calendars=found.calendars,
        closed=found.closed,
        full_days=found.full_days,
        catalog_version=found.catalog_version,
    )
