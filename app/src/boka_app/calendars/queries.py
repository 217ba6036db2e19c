"""SQL on what staff see of calendars: visits as events, feed links, connections, consents."""

from boka_app.appointments.model import AppointmentUnknown
from boka_app.calendars.model import CalendarConnection, CalendarUnknown, Consent, Visit
from boka_app.statements import many, one, run, the, value

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
get_visit = the(Visit, _GET_VISIT, lambda given: AppointmentUnknown(given["id"]))
"""A visit in the words for its customer."""

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
list_visits = many(Visit, _LIST_VISITS)
"""An employee's visits that start at `since` or later, in the words for staff."""

generation = value("""
select coalesce((
    select generation from calendar_feed where tenant_id = current_tenant() and subject_id = %(subject_id)s
), 0)
""")
"""Which generation of a subject's feed links is good now."""

end_generation = run("""
insert into calendar_feed (tenant_id, subject_id, generation)
values (current_tenant(), %(subject_id)s, 1)
on conflict (tenant_id, subject_id) do update set generation = calendar_feed.generation + 1
""")
"""Make every feed link of a subject that was given out lead nowhere."""

employee_name = value("select name from employee where tenant_id = current_tenant() and id = %(id)s")
"""The employee's name, or None."""

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
list_connections = many(CalendarConnection, _CONNECTIONS, id=None)
"""The tenant's connections."""
get_connection = the(CalendarConnection, _CONNECTIONS, lambda given: CalendarUnknown(given["id"]))

connect = value("""
insert into calendar_connection (
    tenant_id, id, employee_id, provider, status, credentials, calendar_ref, writes_events
)
values (
    current_tenant(), gen_random_uuid(), %(employee_id)s, %(provider)s, 'connecting', %(credentials)s, 'primary',
    %(writes_events)s
)
returning id
""")
"""Insert a connection that a job is still to try; its id."""

drop_connection = run("""
with dropped as (
    delete from external_busy
    where tenant_id = current_tenant() and connection_id = %(id)s
    returning employee_id
), touched as (
    update employee
    set calendar_version = calendar_version + 1
    where tenant_id = current_tenant() and id in (select employee_id from dropped)
)
update calendar_connection
set status = 'removing', removing_since = %(now)s, next_sync_at = %(now)s
where tenant_id = current_tenant() and id = %(id)s
""")
"""Make a connection and what was read from it count no more; a job takes our events out of it, then the row away."""

touch_calendar = run("""
update employee
set calendar_version = calendar_version + 1
where tenant_id = current_tenant() and id = %(employee_id)s
""")
"""Make answers untrue that were made of the employee's calendar as it was."""

insert_consent = run("""
with forgotten as (
    delete from calendar_consent where tenant_id = current_tenant() and expires_at < now()
)
insert into calendar_consent (tenant_id, id, employee_id, provider, writes_events, verifier, asked_by, expires_at)
values (
    current_tenant(), %(id)s, %(employee_id)s, %(provider)s, %(writes_events)s, %(verifier)s, %(asked_by)s,
    %(expires_at)s
)
""")
"""Note that somebody is at a provider; forget those who never came back from one."""

_TAKE_CONSENT = """
delete from calendar_consent
where tenant_id = current_tenant() and id = %(id)s
returning employee_id, provider, writes_events, verifier, asked_by, expires_at
"""
take_consent = one(Consent, _TAKE_CONSENT)
"""A consent, removed, so that it counts once."""
