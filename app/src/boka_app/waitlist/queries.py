"""SQL on the waitlist."""

from boka_app.statements import many, one, run, the, value
from boka_app.waitlist.model import StaffWaitlistEntry, Waiting, WaitlistEntry, WaitlistUnknown

_JOIN = """
insert into waitlist_entry (tenant_id, id, service_id, employee_id, customer_id, earliest, latest)
values (
    current_tenant(), %(id)s, %(service)s, %(employee)s, %(customer_id)s, %(earliest)s, %(latest)s
)
"""

_GET = """
select
    w.id, w.service_id as service, w.employee_id as employee, w.earliest, w.latest, w.status, w.offer_until,
    w.appointment_id as appointment, a.starts_at, t.time_zone, w.created_at
from waitlist_entry w
join tenant t on t.id = w.tenant_id
left join appointment a on a.tenant_id = w.tenant_id and a.id = w.appointment_id
where w.tenant_id = current_tenant() and w.id = %(id)s
"""

_LIST = """
select
    w.id, w.service_id as service, w.employee_id as employee, w.earliest, w.latest, w.status, w.offer_until,
    w.appointment_id as appointment, a.starts_at, t.time_zone, w.created_at,
    w.customer_id as customer, c.name as customer_name, c.email as customer_email
from waitlist_entry w
join tenant t on t.id = w.tenant_id
join customer c on c.tenant_id = w.tenant_id and c.id = w.customer_id
left join appointment a on a.tenant_id = w.tenant_id and a.id = w.appointment_id
where w.tenant_id = current_tenant()
    and w.status in ('waiting', 'offered')
    and (w.created_at, w.id) > (
        coalesce(%(after)s::timestamptz, '-infinity'),
        coalesce(%(after_id)s::uuid, '00000000-0000-0000-0000-000000000000')
    )
order by w.created_at, w.id
limit %(fetch)s
"""

_LOCK_OFFER = """
select status
from waitlist_entry
where tenant_id = current_tenant() and appointment_id = %(appointment_id)s
for update
"""

# Locked, so that two jobs at once offer to two customers; skipped, so that neither waits for the other.
_NEXT = """
select id, customer_id, service_id, employee_id
from waitlist_entry
where tenant_id = current_tenant()
    and service_id = %(service_id)s
    and status = 'waiting'
    and earliest <= %(starts_at)s
    and latest >= %(starts_at)s
    and (employee_id is null or employee_id = %(employee_id)s)
    and id <> all(%(passed)s)
order by created_at, id
limit 1
for update skip locked
"""

_OFFER = """
update waitlist_entry
set status = 'offered', offered_at = %(now)s, offer_until = %(until)s, appointment_id = %(appointment_id)s
where tenant_id = current_tenant() and id = %(id)s and status = 'waiting'
"""

_LEAVE = """
update waitlist_entry
set status = 'left'
where tenant_id = current_tenant() and id = %(id)s and status in ('waiting', 'offered')
"""

_END_OFFER = """
update waitlist_entry
set status = %(status)s
where tenant_id = current_tenant() and appointment_id = %(appointment_id)s and status = 'offered'
"""

join = run(_JOIN)
get_entry = the(WaitlistEntry, _GET, lambda given: WaitlistUnknown(given["id"]))
list_entries = many(StaffWaitlistEntry, _LIST)
"""A page of those who wait or have an offer, whoever waits longest first."""
next_waiting = one(Waiting, _NEXT)
"""Whoever waited longest for such a start and was not passed over, locked."""
offer = run(_OFFER)
leave = run(_LEAVE)
lock_offer = value(_LOCK_OFFER)
"""The status of the place that an appointment was offered to, kept; None: it is no offer."""
end_offer = run(_END_OFFER)
"""Note how an offer ended: booked or expired. Nothing where the appointment is none."""
