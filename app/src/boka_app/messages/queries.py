"""SQL on messages, their templates and channels."""

from boka_app.messages.model import ChannelInfo, Subject, Template, Visit
from boka_app.statements import column, many, one, run

# An event names an appointment, a payment of one, a refund of that, or a place on the waitlist; ids are unique.
_VISIT = """
select
    a.id, a.customer_id, a.series_id, a.starts_at, a.status,
    coalesce(c.phone, '') <> '' as has_phone
from appointment a
join customer c on c.tenant_id = a.tenant_id and c.id = a.customer_id
where a.tenant_id = current_tenant()
    and a.kind in ('visit', 'seat')
    and a.id in (
        select %(subject_id)s::uuid
        union all
        select appointment_id from payment where tenant_id = current_tenant() and id = %(subject_id)s
        union all
        select p.appointment_id
        from refund r
        join payment p on p.tenant_id = r.tenant_id and p.id = r.payment_id
        where r.tenant_id = current_tenant() and r.id = %(subject_id)s
        union all
        select appointment_id from waitlist_entry where tenant_id = current_tenant() and id = %(subject_id)s
    )
"""
get_visit = one(Visit, _VISIT)
"""The appointment an event is about, if a customer comes to it."""

active_channels = column("""
select channel
from message_channel
where tenant_id = current_tenant() and active
""")
"""Which of sms and chat the tenant uses."""

withdraw = run("""
update notification
set status = 'cancelled'
where tenant_id = current_tenant()
    and appointment_id = %(appointment_id)s
    and kind = %(kind)s
    and status = 'queued'
""")
"""Cancel what is queued of one kind for an appointment."""

_SUBJECT = """
select
    n.id, n.tenant_id, n.kind, n.channel, n.subject_id, n.attempts, n.secret,
    coalesce(t.slug, '') as tenant_slug, coalesce(t.name, 'Boka') as tenant_name, t.contact_email as tenant_email,
    coalesce(t.locale, 'en') as tenant_locale, coalesce(t.time_zone, 'UTC') as time_zone,
    a.id as appointment_id, a.starts_at, a.status, s.name as service_name, e.name as employee_name,
    w.offer_until, coalesce(r.amount_minor, p.amount_minor) as amount_minor,
    coalesce(p.currency, rp.currency) as currency,
    c.id as customer_id, c.name as customer_name, c.email as customer_email, c.phone as customer_phone,
    c.locale as customer_locale, c.time_zone as customer_zone,
    c.unsubscribed_at is not null as unsubscribed, c.erased_at is not null as erased,
    acc.name as account_name, acc.email as account_email,
    ch.configuration as channel_configuration
from notification n
left join tenant t on t.id = n.tenant_id
left join appointment a on a.tenant_id = n.tenant_id and a.id = n.appointment_id
left join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
left join employee e on e.tenant_id = a.tenant_id and e.id = a.employee_id
left join customer c on c.tenant_id = n.tenant_id and c.id = n.customer_id
left join waitlist_entry w on w.tenant_id = n.tenant_id and w.id = n.subject_id
left join payment p on p.tenant_id = n.tenant_id and p.id = n.subject_id
left join refund r on r.tenant_id = n.tenant_id and r.id = n.subject_id
left join payment rp on rp.tenant_id = r.tenant_id and rp.id = r.payment_id
left join account acc on acc.id = n.subject_id
left join message_channel ch on ch.tenant_id = n.tenant_id and ch.channel = n.channel and ch.active
where n.tenant_id = current_tenant() and n.id = %(id)s and n.status = 'sending'
"""
get_subject = one(Subject, _SUBJECT)
"""All that a message tells; None if it is not to be sent, or was."""

list_occurrences = column("""
select other.id
from appointment a
join appointment other on other.tenant_id = a.tenant_id
    and (other.id = a.id or (other.series_id = a.series_id and other.status = a.status and %(whole_series)s))
where a.tenant_id = current_tenant() and a.id = %(appointment_id)s
order by other.starts_at
""")
"""An appointment, or all of its series that are as it is."""

settle = run("""
update notification
set status = %(status)s,
    attempts = attempts + 1,
    sent_at = case when %(status)s = 'sent' then %(now)s else sent_at end,
    secret = case when %(status)s in ('sending', 'dead') then secret end,
    provider_ref = %(provider_ref)s,
    failure = %(failure)s
where tenant_id = current_tenant() and id = %(id)s
""")
"""Note how an attempt ended."""

begin_due = column("""
update notification
set status = 'sending'
where tenant_id = current_tenant() and status = 'queued' and due_at <= %(now)s
returning id
""")
"""Make the messages whose time has come ones to send; their ids."""

resend = run("""
update notification
set status = 'sending', attempts = 0
where tenant_id = current_tenant() and id = %(id)s and status not in ('queued', 'sending')
""")
"""Make a message that ended one to send; 0 if it had not ended."""

_TEMPLATES = """
select kind, channel, locale, subject, text_body, html_body
from message_template
where tenant_id = current_tenant() and kind = %(kind)s and channel = %(channel)s
"""
list_templates = many(Template, _TEMPLATES)
"""The tenant's own words for one message."""

_CHANNELS = """
select channel, active, updated_at, version
from message_channel
where tenant_id = current_tenant() and (%(channel)s::text is null or channel = %(channel)s)
order by channel
for update
"""
list_channels = many(ChannelInfo, _CHANNELS, channel=None)
"""The channels that are set up; nobody else changes them until the end."""
find_channel = one(ChannelInfo, _CHANNELS)

put_channel = run("""
insert into message_channel (tenant_id, channel, configuration, active)
values (current_tenant(), %(channel)s, %(configuration)s, %(active)s)
on conflict (tenant_id, channel) do update
set configuration = excluded.configuration, active = excluded.active
""")
"""Set a channel up, its configuration sealed."""

delete_channel = run("""
delete from message_channel
where tenant_id = current_tenant() and channel = %(channel)s
""")
"""Forget a channel."""

unsubscribe = run("""
update customer
set unsubscribed_at = %(now)s
where tenant_id = current_tenant() and id = %(id)s and unsubscribed_at is null
""")
"""Note that a customer wants no reminders; 0 if that is not new."""
