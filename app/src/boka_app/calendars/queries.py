"""SQL on what staff see of calendars: visits as events, feed links, connections, consents."""

from datetime import datetime
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from boka_app.appointments.model import AppointmentUnknown
from boka_app.calendars.model import CalendarConnection, Consent, NewConnection, Visit
from boka_app.database import Connection

_GET_VISIT = """
select
    a.id, a.version, a.status, a.starts_at, a.ends_at, t.time_zone, a.created_at, a.updated_at,
    s.name as summary, s.name || ' · ' || e.name as description, t.name as location
from appointment a
join tenant t on t.id = a.tenant_id
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
join employee e on e.tenant_id = a.tenant_id and e.id = a.employee_id
where a.tenant_id = current_tenant() and a.id = %(id)s
"""

# A group's session is one event and its seats none. Of a slot that was held and then let go nothing was ever shown.
_LIST_VISITS = """
select
    a.id, a.version, a.status, a.starts_at, a.ends_at, t.time_zone, a.created_at, a.updated_at,
    concat_ws(' · ', s.name, c.name) as summary, a.special_requests as description, t.name as location
from appointment a
join tenant t on t.id = a.tenant_id
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
left join appointment p on p.tenant_id = a.tenant_id and p.id = a.parent_id
left join customer c on c.tenant_id = a.tenant_id and c.id = coalesce(a.customer_id, p.customer_id)
where a.tenant_id = current_tenant()
    and a.employee_id = %(employee_id)s
    and a.starts_at >= %(since)s
    and a.kind <> 'seat'
    and a.status not in ('held', 'expired')
order by a.starts_at, a.id
limit 2000
"""

_GENERATION = """
select coalesce((
    select generation from calendar_feed where tenant_id = current_tenant() and subject_id = %(subject_id)s
), 0)
"""

_END_GENERATION = """
insert into calendar_feed (tenant_id, subject_id, generation)
values (current_tenant(), %(subject_id)s, 1)
on conflict (tenant_id, subject_id) do update set generation = calendar_feed.generation + 1
"""

_EMPLOYEE_NAME = "select name from employee where tenant_id = current_tenant() and id = %(id)s"

_CONNECTIONS = """
select
    id, employee_id as employee, provider, status, calendar_ref as calendar, writes_events,
    last_synced_at, failing_since, failure, created_at, version
from calendar_connection
where tenant_id = current_tenant()
    and status <> 'removing'
    and (%(id)s::uuid is null or id = %(id)s)
order by created_at, id
limit 500
"""

_CONNECT = """
insert into calendar_connection (
    tenant_id, id, employee_id, provider, status, credentials, calendar_ref, writes_events
)
values (
    current_tenant(), %(id)s, %(employee_id)s, %(provider)s, 'connecting', %(credentials)s, %(calendar)s,
    %(writes_events)s
)
"""

_REMOVE = """
update calendar_connection
set status = 'removing', removing_since = %(now)s, next_sync_at = %(now)s
where tenant_id = current_tenant() and id = %(id)s
returning employee_id
"""

_INSERT_CONSENT = """
insert into calendar_consent (tenant_id, id, employee_id, provider, writes_events, verifier, asked_by, expires_at)
values (
    current_tenant(), %(id)s, %(employee_id)s, %(provider)s, %(writes_events)s, %(verifier)s, %(asked_by)s,
    %(expires_at)s
)
"""

_TAKE_CONSENT = """
delete from calendar_consent
where tenant_id = current_tenant() and id = %(id)s
returning employee_id, provider, writes_events, verifier, asked_by, expires_at
"""

_FORGET_CONSENTS = "delete from calendar_consent where tenant_id = current_tenant() and expires_at < now()"

_DROP_ALL_BUSY = "delete from external_busy where tenant_id = current_tenant() and connection_id = %(id)s"

_CALENDAR_CHANGED = """
update employee
set calendar_version = calendar_version + 1
where tenant_id = current_tenant() and id = %(employee_id)s
"""


async def get_visit(conn: Connection, appointment_id: UUID) -> Visit:
    """Return a visit in the words for its customer.

    Raises:
        AppointmentUnknown: the entered tenant has none of that id.
    """
    async with conn.cursor(row_factory=class_row(Visit)) as cur:
        await cur.execute(_GET_VISIT, {"id": appointment_id})
        visit = await cur.fetchone()
    if visit is None:
        raise AppointmentUnknown(appointment_id)
    return visit


async def list_visits(conn: Connection, employee_id: UUID, since: datetime) -> list[Visit]:
    """Return an employee's visits that start at `since` or later, in the words for staff."""
    async with conn.cursor(row_factory=class_row(Visit)) as cur:
        await cur.execute(_LIST_VISITS, {"employee_id": employee_id, "since": since})
        return await cur.fetchall()


async def generation(conn: Connection, subject_id: UUID) -> int:
    """Return which generation of a subject's feed links is good now."""
    row = await (await conn.execute(_GENERATION, {"subject_id": subject_id})).fetchone()
    assert row is not None  # noqa: S101  it selects one value
    return row[0]


async def end_generation(conn: Connection, subject_id: UUID) -> None:
    """Make every feed link of a subject that was given out lead nowhere."""
    await conn.execute(_END_GENERATION, {"subject_id": subject_id})


async def employee_name(conn: Connection, employee_id: UUID) -> str | None:
    """Return the employee's name, or None."""
    row = await (await conn.execute(_EMPLOYEE_NAME, {"id": employee_id})).fetchone()
    return row[0] if row else None


async def list_connections(conn: Connection, connection_id: UUID | None = None) -> list[CalendarConnection]:
    """Return the tenant's connections, or the one asked for."""
    async with conn.cursor(row_factory=class_row(CalendarConnection)) as cur:
        await cur.execute(_CONNECTIONS, {"id": connection_id})
        return await cur.fetchall()


async def connect(conn: Connection, new: NewConnection) -> None:
    """Insert a connection that a job is still to try."""
    await conn.execute(_CONNECT, msgspec.structs.asdict(new))


async def start_removal(conn: Connection, connection_id: UUID, now: datetime) -> None:
    """Make a connection count no more; a job takes our events out of it and then the row away."""
    row = await (await conn.execute(_REMOVE, {"id": connection_id, "now": now})).fetchone()
    dropped = await conn.execute(_DROP_ALL_BUSY, {"id": connection_id})
    if row and dropped.rowcount:
        await touch_calendar(conn, row[0])


async def touch_calendar(conn: Connection, employee_id: UUID) -> None:
    """Make answers untrue that were made of the employee's calendar as it was."""
    await conn.execute(_CALENDAR_CHANGED, {"employee_id": employee_id})


async def insert_consent(conn: Connection, consent: Consent) -> None:
    """Note that somebody is at a provider; forget those who never came back."""
    await conn.execute(_FORGET_CONSENTS)
    await conn.execute(_INSERT_CONSENT, msgspec.structs.asdict(consent))


async def take_consent(conn: Connection, consent_id: UUID) -> Consent | None:
    """Return a consent and remove it, so that it counts once."""
    async with conn.cursor(row_factory=class_row(Consent)) as cur:
        await cur.execute(_TAKE_CONSENT, {"id": consent_id})
        return await cur.fetchone()
