"""SQL on payments, refunds, accounts and what providers told us. Whoever changes money has locked its appointment."""

from typing import LiteralString

from boka_app.appointments.model import AppointmentUnknown
from boka_app.payments.model import AccountUnknown, Bill, Payment, PaymentUnknown, Refund, SealedAccount
from boka_app.statements import column, many, one, run, the, value

current_tenant = value("select current_tenant()")

_BILL = """
select
    a.status, s.payment, a.price_minor, s.deposit_minor, a.paid_minor, a.fee_minor, a.currency,
    s.name as service_name, c.email, a.expires_at
from appointment a
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
left join customer c on c.tenant_id = a.tenant_id and c.id = a.customer_id
where a.tenant_id = current_tenant() and a.id = %(id)s
"""
get_bill = the(Bill, _BILL, lambda given: AppointmentUnknown(given["id"]))
"""What an appointment costs."""

_COLUMNS: LiteralString = """
    id, appointment_id, provider, provider_ref, purpose, amount_minor, refunded_minor, currency, status,
    checkout_url, failure, expires_at, created_at, version
"""
_PAYMENT: LiteralString = "select" + _COLUMNS + "from payment where tenant_id = current_tenant()"
_LATEST: LiteralString = " order by created_at desc, id"
get_payment = the(Payment, _PAYMENT + " and id = %(id)s", lambda given: PaymentUnknown(given["id"]))
lock_payment = the(Payment, _PAYMENT + " and id = %(id)s for update", lambda given: PaymentUnknown(given["id"]))
list_payments_of = many(Payment, _PAYMENT + " and appointment_id = %(id)s" + _LATEST)
"""An appointment's payments, the newest first."""
_PAGE = """
    and created_at <= coalesce(%(after)s::timestamptz, 'infinity')
    and (%(after_id)s::uuid is null or created_at < %(after)s or id > %(after_id)s)
"""
list_payments = many(Payment, _PAYMENT + _PAGE + _LATEST + " limit %(fetch)s")
"""A page of payments, the newest first, after a time and an id."""

_INSERT = """
insert into payment (
    tenant_id, id, appointment_id, provider, purpose, amount_minor, currency, status, expires_at
)
select
    current_tenant(), gen_random_uuid(), a.id, %(provider)s, %(purpose)s, %(amount_minor)s, a.currency, %(status)s,
    %(expires_at)s::timestamptz
from appointment a
where a.tenant_id = current_tenant() and a.id = %(id)s
returning
"""
insert_payment = the(Payment, _INSERT + _COLUMNS, lambda given: AppointmentUnknown(given["id"]), expires_at=None)
"""Insert a payment of an appointment as it is wanted; no provider knows it yet."""

open_payment = run("""
update payment
set status = 'pending', provider_ref = %(ref)s, checkout_url = %(url)s
where tenant_id = current_tenant() and id = %(id)s and status = 'created'
""")
"""Note where it is paid, unless somebody noted more meanwhile."""

_TURN = """
update payment
set status = %(status)s, failure = %(failure)s, provider_ref = coalesce(provider_ref, %(ref)s)
where tenant_id = current_tenant() and id = %(id)s
"""
turn_payment = run(_TURN, failure=None, ref=None)
"""Give a payment the state that `rules.judge` found, or the one it has: that notes that it was looked at."""

keep_slot = run("""
update appointment
set expires_at = %(until)s
where tenant_id = current_tenant()
    and (id = %(id)s or (parent_id = %(id)s and kind = 'companion'))
    and expires_at < %(until)s
""")
"""Give whoever pays the time to, unless there is more."""

# What the appointment has is always added up afresh, so that no event counts twice.
count_paid = value("""
update appointment
set paid_minor = (
    select coalesce(sum(amount_minor - refunded_minor), 0)
    from payment
    where tenant_id = current_tenant() and appointment_id = %(id)s and status = 'succeeded'
)
where tenant_id = current_tenant() and id = %(id)s
returning paid_minor
""")
"""Add up what the appointment has, note it there, and return it."""

reserve = run("""
update payment
set refunded_minor = refunded_minor + %(amount_minor)s
where tenant_id = current_tenant() and id = %(id)s
""")
"""Take from a payment what goes back; a negative amount returns what could not. The table's check is the guard."""

_REFUND: LiteralString = """
select id, payment_id, amount_minor, reason, status, provider_ref, failure, created_at
from refund
where tenant_id = current_tenant()
"""
get_refund = one(Refund, _REFUND + " and id = %(id)s")
lock_refund = the(Refund, _REFUND + " and id = %(id)s for update", LookupError)
list_refunds = many(Refund, _REFUND + " and payment_id = %(id)s order by created_at, id")
"""What went back of a payment, the oldest first."""

insert_refund = value("""
insert into refund (tenant_id, id, payment_id, amount_minor, reason, status)
values (current_tenant(), gen_random_uuid(), %(payment_id)s, %(amount_minor)s, %(reason)s, %(status)s)
returning id
""")
"""Insert a refund that is to be made, or was by hand; its id."""

# Whoever takes a refund has it for two minutes, twelve times what its calls may last; then its taker has died.
take_refund = run("""
update refund
set status = 'pending'
where tenant_id = current_tenant()
    and id = %(id)s
    and (status = 'created'
        or (status = 'pending' and (provider_ref is not null or updated_at < now() - interval '2 minutes')))
""")
"""Take a refund in hand; 0 when it is done or in another's."""

return_refund = run("""
update refund
set status = 'created', failure = %(failure)s
where tenant_id = current_tenant() and id = %(id)s and status = 'pending' and provider_ref is null
""")
"""Give a refund back that could not be asked for now."""

turn_refund = run("""
update refund
set status = %(status)s, provider_ref = coalesce(%(ref)s, provider_ref), failure = %(failure)s
where tenant_id = current_tenant() and id = %(id)s
""")
"""Give a refund the state that the provider tells."""

take_event = run("""
insert into payment_event (tenant_id, provider, event_id, kind)
values (current_tenant(), %(provider)s, %(event_id)s, %(kind)s)
on conflict (tenant_id, provider, event_id) do nothing
""")
"""Note an event; 0 when it was taken before. Another that delivers it meanwhile waits for our commit."""

_ACCOUNT: LiteralString = """
select provider, secret, webhook_secret, active, updated_at, version
from payment_account
where tenant_id = current_tenant()
"""
_AT = _ACCOUNT + " and provider = %(provider)s"
get_account = the(SealedAccount, _AT, lambda given: AccountUnknown(given["provider"]))
lock_account = the(SealedAccount, _AT + " for update", lambda given: AccountUnknown(given["provider"]))
find_account = one(SealedAccount, _AT + " for update")
get_active_account = one(SealedAccount, _ACCOUNT + " and active")
"""The account that takes money."""

rest_others = run("""
update payment_account
set active = false
where tenant_id = current_tenant() and provider <> %(provider)s and active
""")
"""Let no other account take money."""

put_account = run("""
insert into payment_account (tenant_id, provider, secret, webhook_secret, active)
values (current_tenant(), %(provider)s, %(secret)s, %(webhook_secret)s, %(active)s)
on conflict (tenant_id, provider) do update
set secret = excluded.secret, webhook_secret = excluded.webhook_secret, active = excluded.active
""")
"""Set an account up or change it."""

remove_account = run("""
delete from payment_account
where tenant_id = current_tenant()
    and provider = %(provider)s
    and not exists (
        select 1
        from payment
        where tenant_id = current_tenant() and provider = %(provider)s and status in ('created', 'pending')
    )
    and not exists (
        select 1
        from refund r
        join payment p on p.tenant_id = r.tenant_id and p.id = r.payment_id
        where r.tenant_id = current_tenant() and p.provider = %(provider)s and r.status in ('created', 'pending')
    )
""")
"""Remove an account; 0 while money is on its way through it."""

# Asked about after 2 minutes, then ever more rarely: when it has been quiet for as long again as it was before.
# What expired or failed with us may have been paid at the provider, whose webhooks come for up to 3 days.
list_quiet = column("""
select id
from payment
where tenant_id = current_tenant()
    and provider <> 'cash'
    and (status in ('created', 'pending')
        or (status in ('expired', 'failed') and provider_ref is not null and created_at > now() - interval '3 days'))
    and now() - updated_at >= greatest(interval '2 minutes', updated_at - created_at)
order by created_at
limit 100
""")
"""Payments of which nothing was heard for long."""

list_quiet_refunds = column("""
select id
from refund
where tenant_id = current_tenant()
    and status in ('created', 'pending')
    and now() - updated_at >= greatest(interval '2 minutes', updated_at - created_at)
order by created_at
limit 100
""")
"""Refunds of which nothing was heard for long."""
