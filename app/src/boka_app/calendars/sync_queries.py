"""SQL of the jobs: who has a connection, what was read from it, and what of ours stands in it."""

from datetime import datetime

import msgspec
from psycopg.types.json import Jsonb

from boka_app.calendars.model import Changes, Held, OurEvent
from boka_app.calendars.queries import touch_calendar
from boka_app.database import Connection
from boka_app.statements import column, many, one, run, value

forget = run("delete from calendar_connection where tenant_id = current_tenant() and id = %(id)s")
"""Delete a connection."""

list_due = column("""
select id
from calendar_connection
where tenant_id = current_tenant() and status <> 'revoked' and next_sync_at <= %(now)s
order by next_sync_at
limit 500
""")
"""The connections whose turn it is."""

# Those who write the calendar of whoever the visit is with, and those in which it stands. A seat stands as its session.
list_followers = column("""
with family as (
    select a.id, a.employee_id
    from appointment a
    where a.tenant_id = current_tenant()
        and (a.id = %(id)s or a.parent_id = %(id)s or a.id = (
            select parent_id from appointment where tenant_id = current_tenant() and id = %(id)s
        ))
)
select c.id
from calendar_connection c
where c.tenant_id = current_tenant()
    and c.status <> 'revoked'
    and (
        (c.writes_events and c.employee_id in (select employee_id from family))
        or exists (
            select from external_event x
            where x.tenant_id = c.tenant_id and x.connection_id = c.id and x.appointment_id in (select id from family)
        )
    )
""")
"""The connections that a change of this visit concerns."""

# Whoever is erased here goes from our events elsewhere too: each is written once more, with the words of today.
write_again = column("""
with again as (
    update external_event x
    set appointment_version = 0
    from appointment a
    left join appointment p on p.tenant_id = a.tenant_id and p.id = a.parent_id
    where a.tenant_id = current_tenant()
        and coalesce(a.customer_id, p.customer_id) = %(customer_id)s
        and x.tenant_id = a.tenant_id
        and x.appointment_id = a.id
    returning x.connection_id
)
select distinct connection_id from again
""")
"""Have every event with this customer written once more; the connections."""

# next_sync_at says when somebody else may try if this job is killed; who asks meanwhile moves it to an earlier time.
_LEASE = """
update calendar_connection c
set leased_until = %(until)s, next_sync_at = %(until)s
from tenant t
where c.tenant_id = current_tenant()
    and c.id = %(id)s
    and c.status <> 'revoked'
    and coalesce(c.leased_until, '-infinity') <= %(now)s
    and t.id = c.tenant_id
returning
    c.id, c.employee_id, c.provider, c.status, c.credentials, c.calendar_ref, c.sync_token, c.writes_events,
    c.failures, c.leased_until, c.removing_since, t.time_zone,
    greatest(t.horizon_days, (
        select max(s.horizon_days) from service s where s.tenant_id = c.tenant_id
    )) as horizon_days
"""
lease = one(Held, _LEASE)
"""Take a connection for this job alone; None if another has it, or nothing can be done with it."""

ask_again = run("""
update calendar_connection
set next_sync_at = least(next_sync_at, %(now)s)
where tenant_id = current_tenant() and id = %(id)s and status <> 'revoked'
""")
"""Have whoever holds the connection look once more afterwards."""

release = value("""
with held as (
    select id, next_sync_at < leased_until as asked
    from calendar_connection
    where tenant_id = current_tenant() and id = %(id)s and leased_until = %(leased_until)s
    for update
)
update calendar_connection c
set status = case when c.status = 'removing' then 'removing' else %(status)s end,
    leased_until = null,
    next_sync_at = case when held.asked then %(now)s else %(next_sync_at)s end,
    failures = %(failures)s,
    failure = %(failure)s,
    failing_since = case when %(failure)s::text is null then null else coalesce(c.failing_since, %(now)s) end,
    last_synced_at = case when %(failure)s::text is null then %(now)s else c.last_synced_at end
from held
where c.tenant_id = current_tenant() and c.id = held.id
returning held.asked
""")
"""Give a connection back with how it went; whether somebody asked for it meanwhile."""

seal = run("""
update calendar_connection set credentials = %(credentials)s where tenant_id = current_tenant() and id = %(id)s
""")
"""Keep new tokens."""

keep_state = run("""
update calendar_connection set sync_token = %(state)s where tenant_id = current_tenant() and id = %(id)s
""")
"""Keep what to ask with next time."""

_drop_busy = run("""
delete from external_busy b
where b.tenant_id = current_tenant()
    and b.connection_id = %(id)s
    and (
        b.ends_at < %(begin)s
        or %(whole)s
        or b.uid = any(%(gone)s)
        or b.uid in (select n.uid from jsonb_to_recordset(%(busy)s) as n (uid text))
        or b.uid in (
            select x.remote_ref
            from external_event x
            where x.tenant_id = current_tenant() and x.connection_id = %(id)s
        )
        or exists (select from unnest(%(gone)s::text[]) g where starts_with(b.uid, g || '_'))
    )
    and (b.uid, b.starts_at) not in (
        select n.uid, n.starts_at from jsonb_to_recordset(%(busy)s) as n (uid text, starts_at timestamptz)
    )
""")

# Our own visits come back from where we wrote them; they are busy here already.
_put_busy = run("""
insert into external_busy as b (tenant_id, connection_id, uid, employee_id, starts_at, ends_at)
select current_tenant(), %(id)s, n.uid, %(employee_id)s, n.starts_at, n.ends_at
from jsonb_to_recordset(%(busy)s) as n (uid text, starts_at timestamptz, ends_at timestamptz)
where not exists (
    select from external_event x
    where x.tenant_id = current_tenant() and x.connection_id = %(id)s and x.remote_ref = n.uid
)
on conflict (tenant_id, connection_id, uid, starts_at) do update set ends_at = excluded.ends_at
where b.ends_at <> excluded.ends_at
""")

forget_events = run("""
delete from external_event x
using appointment a
where x.tenant_id = current_tenant()
    and x.connection_id = %(id)s
    and a.tenant_id = x.tenant_id
    and a.id = x.appointment_id
    and a.ends_at < %(now)s - interval '30 days'
""")
"""Forget events of visits that are long over."""

# Rows come before events: whatever is killed between the two finds the same request_id again.
plan_events = run("""
insert into external_event (tenant_id, connection_id, appointment_id)
select a.tenant_id, c.id, a.id
from calendar_connection c
join appointment a on a.tenant_id = c.tenant_id and a.employee_id = c.employee_id
where c.tenant_id = current_tenant()
    and c.id = %(id)s
    and c.writes_events
    and c.status <> 'removing'
    and a.ends_at > %(now)s
    and a.kind <> 'seat'
    and a.status in ('pending', 'confirmed')
    and not exists (
        select from external_event x
        where x.tenant_id = a.tenant_id and x.connection_id = c.id and x.appointment_id = a.id
    )
order by a.starts_at
limit 200
on conflict do nothing
""")
"""Note the visits that should stand there, 200 at a time."""

# What stands there and differs from what is so here. Only the visit's row as it is now counts, never the event that
# made us look, so the order of events does not matter.
_DIFFERENCES = """
select
    x.appointment_id, a.version, x.request_id, x.remote_ref, a.starts_at, a.ends_at,
    a.status = 'pending' as tentative, concat_ws(' · ', s.name, u.name) as summary,
    a.special_requests as description, w.wanted
from calendar_connection c
join external_event x on x.tenant_id = c.tenant_id and x.connection_id = c.id
join appointment a on a.tenant_id = x.tenant_id and a.id = x.appointment_id
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
left join appointment p on p.tenant_id = a.tenant_id and p.id = a.parent_id
left join customer u on u.tenant_id = a.tenant_id and u.id = coalesce(a.customer_id, p.customer_id)
cross join lateral (
    select c.writes_events
        and c.status <> 'removing'
        and a.employee_id = c.employee_id
        and a.status in ('pending', 'confirmed', 'completed', 'no_show') as wanted
) w
where c.tenant_id = current_tenant()
    and c.id = %(id)s
    and (not w.wanted or x.appointment_version <> a.version)
order by a.starts_at
limit 200
"""
list_differences = many(OurEvent, _DIFFERENCES)
"""Up to 200 of our events that the other side does not have as they are."""

note_written = run("""
update external_event
set remote_ref = %(remote_ref)s, appointment_version = %(version)s
where tenant_id = current_tenant() and connection_id = %(id)s and appointment_id = %(appointment_id)s
""")
"""Note that the event stands there as of its version."""

note_gone = run("""
delete from external_event
where tenant_id = current_tenant() and connection_id = %(id)s and appointment_id = %(appointment_id)s
""")
"""Note that the event stands there no more."""


async def keep_busy(conn: Connection, held: Held, changes: Changes, *, begin: datetime) -> bool:
    """Make the rows what the calendar says; tell whether anything differed. What ended before `begin` goes."""
    values = {"id": held.id, "employee_id": held.employee_id, "begin": begin, "whole": changes.whole}
    values |= {"gone": changes.gone, "busy": Jsonb(msgspec.to_builtins(changes.busy))}
    differed = await _drop_busy(conn, **values) + await _put_busy(conn, **values)
    if differed:
        await touch_calendar(conn, employee_id=held.employee_id)
    return differed > 0
