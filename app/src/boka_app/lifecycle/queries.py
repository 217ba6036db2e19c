"""SQL on what becomes of appointments. Each change names the states it may begin from, so of two at once one wins."""

from collections.abc import Sequence
from uuid import UUID

from boka_app.appointments.model import AppointmentUnknown
from boka_app.database import Connection
from boka_app.lifecycle.model import Entry, Visit
from boka_app.statements import column, many, run, the

# Booking locks in this order too: employees by id, then appointments. Whoever locks an appointment first would wait,
# when its calendar moves, for an employee that is locked by somebody who waits for the appointment's time.
_LOCK_EMPLOYEES = """
select 1
from employee
where tenant_id = current_tenant()
    and id in (
        select a.employee_id
        from appointment a
        where a.tenant_id = current_tenant() and (a.id = any(%(ids)s) or a.parent_id = any(%(ids)s))
    )
order by id
for no key update
"""

_VISITS = """
select
    a.id, a.kind, a.parent_id, a.service_id, a.employee_id, a.starts_at, a.ends_at, a.status, a.source,
    a.expires_at, a.price_minor, a.currency, a.paid_minor, a.fee_minor, a.reschedules, a.version,
    t.cancel_until_minutes, t.cancel_fee_percent, t.reschedule_until_minutes, t.reschedule_limit,
    t.no_show_fee_percent
from appointment a
join tenant t on t.id = a.tenant_id
where a.tenant_id = current_tenant() and a.id = any(%(ids)s) and a.kind <> 'companion'
order by a.id
"""

_LOCK = _VISITS + "for update of a"

_TURN = """
update appointment
set status = %(status)s,
    expires_at = case when %(status)s = 'confirmed' then null else expires_at end,
    completed_at = case when %(status)s = 'completed' then %(now)s else completed_at end,
    cancelled_at = case when %(status)s = 'cancelled' then %(now)s else cancelled_at end,
    cancelled_by = coalesce(%(by)s, cancelled_by),
    cancel_reason = coalesce(%(reason)s, cancel_reason),
    fee_minor = case when id = %(id)s then %(fee_minor)s else fee_minor end
where tenant_id = current_tenant()
    and status = any(%(since)s)
    and (id = %(id)s or (parent_id = %(id)s and kind = 'companion'))
"""

_CLOSE_EMPTY_SESSION = """
update appointment session
set status = 'cancelled', cancelled_at = %(now)s, cancelled_by = 'system'
where session.tenant_id = current_tenant()
    and session.id = %(id)s
    and session.kind = 'session'
    and session.status in ('held', 'pending', 'confirmed')
    and not exists (
        select 1
        from appointment seat
        where seat.tenant_id = session.tenant_id
            and seat.parent_id = session.id
            and seat.status in ('held', 'pending', 'confirmed')
    )
"""

_SEATS = """
select id
from appointment
where tenant_id = current_tenant()
    and parent_id = %(id)s
    and kind = 'seat'
    and status in ('held', 'pending', 'confirmed')
"""

_DUE = """
select id
from appointment
where tenant_id = current_tenant()
    and status in ('held', 'pending')
    and kind <> 'companion'
    and expires_at <= %(now)s
limit 100
"""

_FORGET_KEYS = """
delete from idempotency_key
where tenant_id = current_tenant() and created_at < %(before)s
"""

# Index appointment_day gives a span and the page within it, appointment_customer a person's, the key one.
_ENTRIES = """
select
    a.id, a.kind, a.parent_id as parent, a.series_id as series,
    a.service_id as service, s.name as service_name, a.employee_id as employee, e.name as employee_name,
    a.customer_id as customer, c.name as customer_name, c.email as customer_email, c.phone as customer_phone,
    a.starts_at, a.ends_at, t.time_zone, a.status, a.expires_at, a.source, a.notes, a.special_requests,
    a.price_minor, a.currency, a.paid_minor, a.fee_minor, a.reschedules, a.cancelled_by, a.cancel_reason, a.version
from appointment a
join tenant t on t.id = a.tenant_id
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
join employee e on e.tenant_id = a.tenant_id and e.id = a.employee_id
left join customer c on c.tenant_id = a.tenant_id and c.id = a.customer_id
where a.tenant_id = current_tenant()
    and a.kind <> 'companion'
    and (%(id)s::uuid is null or a.id = %(id)s)
    and (%(customer)s::uuid is null or a.customer_id = %(customer)s)
    and (%(series)s::uuid is null or a.series_id = %(series)s)
    and (
        %(employee)s::uuid is null
        or a.employee_id = %(employee)s
        or exists (
            select 1
            from appointment companion
            where companion.tenant_id = a.tenant_id
                and companion.parent_id = a.id
                and companion.employee_id = %(employee)s
        )
    )
    and a.starts_at >= coalesce(%(begin)s::timestamptz, '-infinity')
    and a.starts_at < coalesce(%(end)s::timestamptz, 'infinity')
    and (a.starts_at, a.id) > (coalesce(%(after)s::timestamptz, '-infinity'), coalesce(%(after_id)s::uuid, a.id))
order by a.starts_at, a.id
limit %(fetch)s
"""

_EDIT = """
update appointment
set notes = coalesce(%(notes)s, notes),
    fee_minor = case when %(waive_fee)s then 0 else fee_minor end
where tenant_id = current_tenant() and id = %(id)s
"""

get_visit = the(Visit, _VISITS, lambda given: AppointmentUnknown(given["ids"][0]))
"""An appointment as it is now, for telling what could be done with it."""
turn = run(_TURN, by=None, reason=None, fee_minor=0)
"""Give an appointment and its companions a new state, if it had one of `since`; how many rows."""
close_empty_session = run(_CLOSE_EMPTY_SESSION)
"""Give the employee of a session free when nobody has a seat in it any more."""
list_seats = column(_SEATS)
list_due = column(_DUE)
"""At most 100 holds and unpaid appointments whose time is over."""
forget_keys = run(_FORGET_KEYS)
_ANY = dict.fromkeys(("id", "customer", "series", "employee", "begin", "end", "after", "after_id"))
list_entries = many(Entry, _ENTRIES, **_ANY)
"""Appointments by their start, the span without its end; a page of them after a place in the list."""
_get_entry = the(Entry, _ENTRIES, lambda given: AppointmentUnknown(given["id"]), **_ANY, fetch=1)
edit = run(_EDIT)
"""Keep new notes, and take back a fee."""
_lock_employees, _lock = run(_LOCK_EMPLOYEES), many(Visit, _LOCK)


async def lock_visits(conn: Connection, appointment_ids: Sequence[UUID]) -> list[Visit]:
    """Return those of the appointments that exist, by id; nobody else changes them until the transaction ends."""
    await _lock_employees(conn, ids=list(appointment_ids))
    return await _lock(conn, ids=list(appointment_ids))


async def lock_visit(conn: Connection, appointment_id: UUID) -> Visit:
    """Return an appointment that nobody else changes until the transaction ends.

    Raises:
        AppointmentUnknown: the entered tenant has none of that id, or it is but a companion of one.
    """
    for visit in await lock_visits(conn, [appointment_id]):
        return visit
    raise AppointmentUnknown(appointment_id)


async def get_entry(conn: Connection, appointment_id: UUID) -> Entry:
    """Return one appointment as staff see it.

    Raises:
        AppointmentUnknown: the entered tenant has none of that id.
    """
    return await _get_entry(conn, id=appointment_id)
