"""SQL on messages, their templates and channels."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from boka_app.database import Connection
from boka_app.messages.model import Attempt, ChannelInfo, Subject, Template, Visit

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

_ACTIVE_CHANNELS = """
select channel
from message_channel
where tenant_id = current_tenant() and active
"""

_WITHDRAW = """
update notification
set status = 'cancelled'
where tenant_id = current_tenant()
    and appointment_id = %(appointment_id)s
    and kind = %(kind)s
    and status = 'queued'
"""

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

_OCCURRENCES = """
select other.id
from appointment a
join appointment other on other.tenant_id = a.tenant_id
    and (other.id = a.id or (other.series_id = a.series_id and other.status = a.status and %(whole_series)s))
where a.tenant_id = current_tenant() and a.id = %(appointment_id)s
order by other.starts_at
"""

_SETTLE = """
update notification
set status = %(status)s,
    attempts = attempts + 1,
    sent_at = case when %(status)s = 'sent' then %(now)s else sent_at end,
    secret = case when %(status)s in ('sending', 'dead') then secret end,
    provider_ref = %(provider_ref)s,
    failure = %(failure)s
where tenant_id = current_tenant() and id = %(id)s
"""

_BEGIN_DUE = """
update notification
set status = 'sending'
where tenant_id = current_tenant() and status = 'queued' and due_at <= %(now)s
returning id
"""

_RESEND = """
update notification
set status = 'sending', attempts = 0
where tenant_id = current_tenant() and id = %(id)s and status not in ('queued', 'sending')
"""

_TEMPLATES = """
select kind, channel, locale, subject, text_body, html_body
from message_template
where tenant_id = current_tenant() and kind = %(kind)s and channel = %(channel)s
"""

_CHANNELS = """
select channel, active, updated_at, version
from message_channel
where tenant_id = current_tenant()
order by channel
for update
"""

_PUT_CHANNEL = """
insert into message_channel (tenant_id, channel, configuration, active)
values (current_tenant(), %(channel)s, %(configuration)s, %(active)s)
on conflict (tenant_id, channel) do update
set configuration = excluded.configuration, active = excluded.active
"""

_DELETE_CHANNEL = """
delete from message_channel
where tenant_id = current_tenant() and channel = %(channel)s
"""

_UNSUBSCRIBE = """
update customer
set unsubscribed_at = %(now)s
where tenant_id = current_tenant() and id = %(id)s and unsubscribed_at is null
"""


async def get_visit(conn: Connection, subject_id: UUID) -> Visit | None:
    """Return the appointment an event is about, if a customer comes to it."""
    async with conn.cursor(row_factory=class_row(Visit)) as cur:
        await cur.execute(_VISIT, {"subject_id": subject_id})
        return await cur.fetchone()


async def active_channels(conn: Connection) -> set[str]:
    """Return which of sms and chat the tenant uses."""
    return {row[0] for row in await (await conn.execute(_ACTIVE_CHANNELS)).fetchall()}


async def withdraw(conn: Connection, appointment_id: UUID, kind: str) -> None:
    """Cancel what is queued of one kind for an appointment."""
    await conn.execute(_WITHDRAW, {"appointment_id": appointment_id, "kind": kind})


async def get_subject(conn: Connection, notification_id: UUID) -> Subject | None:
    """Return all that a message tells; None if it is not to be sent, or was."""
    async with conn.cursor(row_factory=class_row(Subject)) as cur:
        await cur.execute(_SUBJECT, {"id": notification_id})
        return await cur.fetchone()


async def list_occurrences(conn: Connection, appointment_id: UUID, *, whole_series: bool) -> list[UUID]:
    """Return an appointment, or all of its series that are as it is."""
    values = {"appointment_id": appointment_id, "whole_series": whole_series}
    return [row[0] for row in await (await conn.execute(_OCCURRENCES, values)).fetchall()]


async def settle(conn: Connection, notification_id: UUID, attempt: Attempt, now: datetime) -> None:
    """Note how an attempt ended."""
    facts = {"status": attempt.status, "provider_ref": attempt.provider_ref, "failure": attempt.failure}
    await conn.execute(_SETTLE, {"id": notification_id, "now": now} | facts)


async def begin_due(conn: Connection, now: datetime) -> list[UUID]:
    """Make the messages whose time has come ones to send, and return them."""
    return [row[0] for row in await (await conn.execute(_BEGIN_DUE, {"now": now})).fetchall()]


async def resend(conn: Connection, notification_id: UUID) -> bool:
    """Make a message that ended one to send; tell whether it had ended."""
    return (await conn.execute(_RESEND, {"id": notification_id})).rowcount == 1


async def templates_by_locale(conn: Connection, kind: str, channel: str) -> dict[str, Template]:
    """Return the tenant's own words for one message, by language."""
    async with conn.cursor(row_factory=class_row(Template)) as cur:
        await cur.execute(_TEMPLATES, {"kind": kind, "channel": channel})
        return {template.locale: template for template in await cur.fetchall()}


async def channels_by_name(conn: Connection) -> dict[str, ChannelInfo]:
    """Return the channels that are set up; nobody else changes them until the end."""
    async with conn.cursor(row_factory=class_row(ChannelInfo)) as cur:
        await cur.execute(_CHANNELS)
        return {info.channel: info for info in await cur.fetchall()}


async def put_channel(conn: Connection, channel: str, configuration: bytes, *, active: bool) -> None:
    """Set a channel up, its configuration sealed."""
    await conn.execute(_PUT_CHANNEL, {"channel": channel, "configuration": configuration, "active": active})


async def delete_channel(conn: Connection, channel: str) -> None:
    """Forget a channel."""
    await conn.execute(_DELETE_CHANNEL, {"channel": channel})


async def unsubscribe(conn: Connection, customer_id: UUID, now: datetime) -> bool:
    """Note that a customer wants no reminders; tell whether that is new."""
    return (await conn.execute(_UNSUBSCRIBE, {"id": customer_id, "now": now})).rowcount == 1
