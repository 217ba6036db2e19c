"""SQL on series."""

from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from boka_app.appointments.model import Appointment
from boka_app.availability.model import DecisionStale
from boka_app.database import Connection
from boka_app.statements import column, many, run, value

_INSERT = """
insert into booking_series (tenant_id, id, service_id, customer_id, every_days, occurrences)
values (current_tenant(), %(id)s, %(service)s, %(customer_id)s, %(every_days)s, %(occurrences)s)
"""

_GET = """
select every_days
from booking_series
where tenant_id = current_tenant() and id = %(id)s
"""

_CATALOG_VERSION = "select coalesce(max(version), 0) from catalog_version where tenant_id = current_tenant()"

_PLACE = "select place_series(%(id)s, %(starts)s, %(candidates)s, %(catalog_version)s, %(now)s)"

_WISHES = """
update appointment
set special_requests = %(special_requests)s
where tenant_id = current_tenant() and series_id = %(id)s
"""

_NOTE = "select note_series(%(id)s)"

_VISITS = """
select
    a.id, t.name as tenant_name,
    a.service_id as service, s.name as service_name, a.employee_id as employee, e.name as employee_name,
    a.starts_at, a.ends_at, t.time_zone, a.status, a.expires_at, a.price_minor, a.currency, a.version
from appointment a
join tenant t on t.id = a.tenant_id
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
join employee e on e.tenant_id = a.tenant_id and e.id = a.employee_id
where a.tenant_id = current_tenant() and a.series_id = %(id)s and a.kind in ('visit', 'seat')
order by a.starts_at, a.id
"""

_FUTURE = """
select id
from appointment
where tenant_id = current_tenant()
    and series_id = %(id)s
    and kind in ('visit', 'seat')
    and starts_at > %(now)s
    and status in ('held', 'pending', 'confirmed')
"""

insert_series = run(_INSERT)
get_every_days = value(_GET)
get_catalog_version = value(_CATALOG_VERSION)
set_wishes = run(_WISHES)
note = run(_NOTE)
"""Tell of the visits of a new series, and audit them: the last statement of its transaction."""
list_visits = many(Appointment, _VISITS)
"""Its visits by their start, those that are over included, times in UTC."""
list_future = column(_FUTURE)
_place = value(_PLACE)


async def place(
    conn: Connection, series_id: UUID, wanted: list[tuple[datetime, list[UUID]]], *, catalog_version: int, now: datetime
) -> list[str]:
    """Book each start with the first of its employees who is free; return the SQLSTATE of its refusal, or nothing.

    Raises:
        DecisionStale: what is offered changed after `catalog_version`.
    """
    facts = {"id": series_id, "starts": [start for start, _ in wanted], "catalog_version": catalog_version, "now": now}
    try:
        return await _place(conn, **facts, candidates=Jsonb([[str(each) for each in who] for _, who in wanted]))
    except psycopg.Error as err:
        if err.sqlstate == "BK002":
            raise DecisionStale from err
        raise
