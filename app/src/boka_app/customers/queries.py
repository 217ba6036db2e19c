"""SQL on everything that is held on one person."""

from boka_app.conventions.model import RowUnknown
from boka_app.customers.model import Erasure, PersonalData
from boka_app.statements import run, the, value

_LOCK = """
select id
from customer
where tenant_id = current_tenant() and id = %(id)s
for update
"""

_AHEAD = """
select count(*)
from appointment
where tenant_id = current_tenant() and customer_id = %(id)s
    and status in ('held', 'pending', 'confirmed')
    and ends_at > %(now)s
"""

# A new table that holds a person's data belongs here and in `_ERASE`.
_EXPORT = """
with visit as (
    select *
    from appointment
    where tenant_id = current_tenant() and customer_id = %(id)s
), paid as (
    select p.*
    from payment p
    join visit v on v.tenant_id = p.tenant_id and v.id = p.appointment_id
)
select
    to_jsonb(c) - '{tenant_id, search, email_key}'::text[] as customer,
    array(select to_jsonb(v) - '{tenant_id, occupied}'::text[] from visit v order by v.starts_at) as appointments,
    array(
        select to_jsonb(s) - 'tenant_id'
        from booking_series s
        where s.tenant_id = c.tenant_id and s.customer_id = c.id
    ) as series,
    array(
        select to_jsonb(w) - 'tenant_id'
        from waitlist_entry w
        where w.tenant_id = c.tenant_id and w.customer_id = c.id
    ) as waitlist,
    array(select to_jsonb(p) - 'tenant_id' from paid p order by p.created_at) as payments,
    array(
        select to_jsonb(r) - 'tenant_id'
        from refund r
        join paid p on p.tenant_id = r.tenant_id and p.id = r.payment_id
    ) as refunds,
    array(
        select to_jsonb(n) - 'tenant_id'
        from notification n
        where n.tenant_id = c.tenant_id and n.customer_id = c.id
    ) as notifications,
    array(
        select jsonb_build_object('at', a.at, 'action', a.action, 'subject_id', a.subject_id, 'detail', a.detail)
        from audit a
        where a.tenant_id = c.tenant_id and (a.subject_id = c.id or a.subject_id in (select v.id from visit v))
        order by a.id
    ) as audit
from customer c
where c.tenant_id = current_tenant() and c.id = %(id)s
"""

_ERASE = """
with visit as (
    update appointment
    set notes = '', special_requests = '', cancel_reason = ''
    where tenant_id = current_tenant() and customer_id = %(id)s
    returning id
), money as (
    update payment
    set checkout_url = null, failure = null
    where tenant_id = current_tenant() and appointment_id in (select id from visit)
), wish as (
    update waitlist_entry
    set status = 'left'
    where tenant_id = current_tenant() and customer_id = %(id)s and status in ('waiting', 'offered')
), message as (
    update notification
    set status = case when status in ('queued', 'sending') then 'cancelled' else status end, failure = null
    where tenant_id = current_tenant() and customer_id = %(id)s
), person as (
    update customer
    set name = 'Erased', email = 'erased@erased.invalid', email_key = null, phone = null, notes = '', locale = null,
        time_zone = null, unsubscribed_at = coalesce(unsubscribed_at, %(now)s), erased_at = %(now)s
    where tenant_id = current_tenant() and id = %(id)s
    returning id, erased_at
)
select id, erased_at, (select count(*) from visit) as appointments
from person
"""

lock_customer = run(_LOCK)
count_visits_ahead = value(_AHEAD)
"""How many appointments of the person are not over and still hold."""
read_personal_data = the(PersonalData, _EXPORT, lambda _: RowUnknown("customer"))
erase_personal_data = the(Erasure, _ERASE, lambda _: RowUnknown("customer"))
"""Write over whatever tells who a customer was; who is locked and expected nowhere."""
