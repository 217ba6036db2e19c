"""SQL on payments, refunds, accounts and what providers told us. Whoever changes money has locked its appointment."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from boka_app.appointments.model import AppointmentUnknown
from boka_app.database import Connection
from boka_app.payments.model import (
    Bill,
    Payment,
    PaymentUnknown,
    Refund,
    RefundReason,
    RefundTold,
    SealedAccount,
)

_PAYMENT: LiteralString = """
select
    id, appointment_id, provider, provider_ref, purpose, amount_minor, refunded_minor, currency, status,
    checkout_url, failure, expires_at, created_at, version
from payment
where tenant_id = current_tenant()
"""

_REFUND: LiteralString = """
select id, payment_id, amount_minor, reason, status, provider_ref, failure, created_at
from refund
where tenant_id = current_tenant()
"""

_BILL = """
select
    a.status, s.payment, a.price_minor, s.deposit_minor, a.paid_minor, a.fee_minor, a.currency,
    s.name as service_name, c.email, a.expires_at
from appointment a
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
left join customer c on c.tenant_id = a.tenant_id and c.id = a.customer_id
where a.tenant_id = current_tenant() and a.id = %(id)s
"""

_INSERT = """
insert into payment (
    tenant_id, id, appointment_id, provider, purpose, amount_minor, currency, status, expires_at
)
values (
    current_tenant(), %(id)s, %(appointment_id)s, %(provider)s, %(purpose)s, %(amount_minor)s, %(currency)s,
    %(status)s, %(expires_at)s
)
"""

_OPEN = """
update payment
set status = 'pending', provider_ref = %(ref)s, checkout_url = %(url)s
where tenant_id = current_tenant() and id = %(id)s and status = 'created'
"""

_TURN = """
update payment
set status = %(status)s, failure = %(failure)s, provider_ref = coalesce(provider_ref, %(ref)s)
where tenant_id = current_tenant() and id = %(id)s
"""

_RESERVE = """
update payment
set refunded_minor = refunded_minor + %(amount_minor)s
where tenant_id = current_tenant() and id = %(id)s
"""

_INSERT_REFUND = """
insert into refund (tenant_id, id, payment_id, amount_minor, reason, status)
values (current_tenant(), %(id)s, %(payment_id)s, %(amount_minor)s, %(reason)s, %(status)s)
"""

# Whoever takes a refund has it for two minutes, twelve times what its calls may last; then its taker has died.
_TAKE_REFUND = """
update refund
set status = 'pending'
where tenant_id = current_tenant()
    and id = %(id)s
    and (status = 'created'
        or (status = 'pending' and (provider_ref is not null or updated_at < now() - interval '2 minutes')))
"""

_RETURN_REFUND = """
update refund
set status = 'created', failure = %(failure)s
where tenant_id = current_tenant() and id = %(id)s and status = 'pending' and provider_ref is null
"""

_TURN_REFUND = """
update refund
set status = %(status)s, provider_ref = coalesce(%(ref)s, provider_ref), failure = %(failure)s
where tenant_id = current_tenant() and id = %(id)s
"""

# What the appointment has is always added up afresh, so that no event counts twice.
_COUNT = """
update appointment
set paid_minor = (
    select coalesce(sum(amount_minor - refunded_minor), 0)
    from payment
    where tenant_id = current_tenant() and appointment_id = %(id)s and status = 'succeeded'
)
where tenant_id = current_tenant() and id = %(id)s
returning paid_minor
"""

_KEEP = """
update appointment
set expires_at = %(until)s
where tenant_id = current_tenant()
    and (id = %(id)s or (parent_id = %(id)s and kind = 'companion'))
    and expires_at < %(until)s
"""

_TAKE_EVENT = """
insert into payment_event (tenant_id, provider, event_id, kind)
values (current_tenant(), %(provider)s, %(event_id)s, %(kind)s)
on conflict (tenant_id, provider, event_id) do nothing
"""

_ACCOUNT: LiteralString = """
select provider, secret, webhook_secret, active, updated_at, version
from payment_account
where tenant_id = current_tenant()
"""

_REST = """
update payment_account
set active = false
where tenant_id = current_tenant() and provider <> %(provider)s and active
"""

_PUT = """
insert into payment_account (tenant_id, provider, secret, webhook_secret, active)
values (current_tenant(), %(provider)s, %(secret)s, %(webhook_secret)s, %(active)s)
on conflict (tenant_id, provider) do update
set secret = excluded.secret, webhook_secret = excluded.webhook_secret, active = excluded.active
"""

_REMOVE = """
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
"""

# Asked about after 2 minutes, then ever more rarely: when it has been quiet for as long again as it was before.
# What expired or failed with us may have been paid at the provider, whose webhooks come for up to 3 days.
_QUIET = """
select id
from payment
where tenant_id = current_tenant()
    and provider <> 'cash'
    and (status in ('created', 'pending')
        or (status in ('expired', 'failed') and provider_ref is not null and created_at > now() - interval '3 days'))
    and now() - updated_at >= greatest(interval '2 minutes', updated_at - created_at)
order by created_at
limit 100
"""

_QUIET_REFUNDS = """
select id
from refund
where tenant_id = current_tenant()
    and status in ('created', 'pending')
    and now() - updated_at >= greatest(interval '2 minutes', updated_at - created_at)
order by created_at
limit 100
"""


async def get_tenant_id(conn: Connection) -> UUID:
    """Return the tenant that the transaction entered."""
    row = await (await conn.execute("select current_tenant()")).fetchone()
    assert row is not None  # noqa: S101  without a table there is one row
    return row[0]


async def get_bill(conn: Connection, appointment_id: UUID) -> Bill:
    """Return what an appointment costs. Raises: AppointmentUnknown."""
    async with conn.cursor(row_factory=class_row(Bill)) as cur:
        bill = await (await cur.execute(_BILL, {"id": appointment_id})).fetchone()
    if bill is None:
        raise AppointmentUnknown(appointment_id)
    return bill


async def get_payment(conn: Connection, payment_id: UUID, *, lock: bool = False) -> Payment:
    """Return one payment. Raises: PaymentUnknown."""
    found = await _payments(conn, _PAYMENT + " and id = %(id)s" + (" for update" if lock else ""), id=payment_id)
    if not found:
        raise PaymentUnknown(payment_id)
    return found[0]


async def list_payments_of(conn: Connection, appointment_id: UUID) -> list[Payment]:
    """Return an appointment's payments, the newest first."""
    sql = _PAYMENT + " and appointment_id = %(id)s order by created_at desc, id"
    return await _payments(conn, sql, id=appointment_id)


async def list_payments(conn: Connection, after: tuple[datetime, UUID] | None, limit: int) -> list[Payment]:
    """Return a page of payments, the newest first."""
    if after is None:
        return await _payments(conn, _PAYMENT + " order by created_at desc, id limit %(limit)s", limit=limit)
    sql = _PAYMENT + (
        " and created_at <= %(at)s and (created_at < %(at)s or id > %(id)s)"
        " order by created_at desc, id limit %(limit)s"
    )
    return await _payments(conn, sql, at=after[0], id=after[1], limit=limit)


async def insert_payment(conn: Connection, payment: Payment) -> None:
    """Insert a payment as it is wanted; no provider knows it yet."""
    await conn.execute(_INSERT, msgspec.structs.asdict(payment))


async def open_payment(conn: Connection, payment_id: UUID, ref: str, url: str) -> None:
    """Note where it is paid, unless somebody noted more meanwhile."""
    await conn.execute(_OPEN, {"id": payment_id, "ref": ref, "url": url})


async def turn_payment(
    conn: Connection, payment_id: UUID, status: str, failure: str | None = None, ref: str | None = None
) -> None:
    """Give a payment the state that `rules.judge` found, or the one it has: that notes that it was looked at."""
    await conn.execute(_TURN, {"id": payment_id, "status": status, "failure": failure, "ref": ref})


async def count_paid(conn: Connection, appointment_id: UUID) -> int:
    """Add up what the appointment has, note it there, and return it."""
    row = await (await conn.execute(_COUNT, {"id": appointment_id})).fetchone()
    assert row is not None  # noqa: S101  the appointment is locked
    return row[0]


async def keep_slot(conn: Connection, appointment_id: UUID, until: datetime | None) -> None:
    """Give whoever pays the time to, unless there is more."""
    await conn.execute(_KEEP, {"id": appointment_id, "until": until})


async def reserve(conn: Connection, payment_id: UUID, amount_minor: int) -> None:
    """Take from a payment what goes back; a negative amount returns what could not. The table's check is the guard."""
    await conn.execute(_RESERVE, {"id": payment_id, "amount_minor": amount_minor})


async def insert_refund(
    conn: Connection, refund_id: UUID, payment_id: UUID, amount_minor: int, reason: RefundReason, *, status: str
) -> None:
    """Insert a refund that is to be made, or was by hand."""
    row = {"id": refund_id, "payment_id": payment_id, "amount_minor": amount_minor, "reason": reason, "status": status}
    await conn.execute(_INSERT_REFUND, row)


async def list_refunds(conn: Connection, payment_id: UUID) -> list[Refund]:
    """Return what went back of a payment, the oldest first."""
    return await _refunds(conn, _REFUND + " and payment_id = %(id)s order by created_at, id", payment_id)


async def get_refund(conn: Connection, refund_id: UUID, *, lock: bool = False) -> Refund | None:
    """Return one refund."""
    found = await _refunds(conn, _REFUND + " and id = %(id)s" + (" for update" if lock else ""), refund_id)
    return found[0] if found else None


async def take_refund(conn: Connection, refund_id: UUID) -> bool:
    """Take a refund in hand; False when it is done or in another's."""
    return (await conn.execute(_TAKE_REFUND, {"id": refund_id})).rowcount == 1


async def return_refund(conn: Connection, refund_id: UUID, failure: str) -> None:
    """Give a refund back that could not be asked for now."""
    await conn.execute(_RETURN_REFUND, {"id": refund_id, "failure": failure})


async def turn_refund(conn: Connection, refund_id: UUID, told: RefundTold) -> None:
    """Give a refund the state that the provider tells."""
    await conn.execute(_TURN_REFUND, {"id": refund_id} | msgspec.structs.asdict(told))


async def take_event(conn: Connection, provider: str, event_id: str, kind: str) -> bool:
    """Note an event; False when it was taken before. Another that delivers it meanwhile waits for our commit."""
    row = {"provider": provider, "event_id": event_id, "kind": kind}
    return (await conn.execute(_TAKE_EVENT, row)).rowcount == 1


async def get_account(conn: Connection, provider: str, *, lock: bool = False) -> SealedAccount | None:
    """Return the tenant's account at a provider."""
    sql = _ACCOUNT + " and provider = %(provider)s" + (" for update" if lock else "")
    async with conn.cursor(row_factory=class_row(SealedAccount)) as cur:
        return await (await cur.execute(sql, {"provider": provider})).fetchone()


async def get_active_account(conn: Connection) -> SealedAccount | None:
    """Return the account that takes money."""
    async with conn.cursor(row_factory=class_row(SealedAccount)) as cur:
        return await (await cur.execute(_ACCOUNT + " and active")).fetchone()


async def put_account(
    conn: Connection, provider: str, secret: bytes, webhook_secret: bytes | None, *, active: bool
) -> None:
    """Set an account up or change it; an active one puts the other to rest."""
    if active:
        await conn.execute(_REST, {"provider": provider})
    row = {"provider": provider, "secret": secret, "webhook_secret": webhook_secret, "active": active}
    await conn.execute(_PUT, row)


async def remove_account(conn: Connection, provider: str) -> bool:
    """Remove an account; False while money is on its way through it."""
    return (await conn.execute(_REMOVE, {"provider": provider})).rowcount == 1


async def list_quiet(conn: Connection) -> list[UUID]:
    """Return payments of which nothing was heard for long."""
    return [row[0] for row in await (await conn.execute(_QUIET)).fetchall()]


async def list_quiet_refunds(conn: Connection) -> list[UUID]:
    """Return refunds of which nothing was heard for long."""
    return [row[0] for row in await (await conn.execute(_QUIET_REFUNDS)).fetchall()]


async def _payments(conn: Connection, sql: LiteralString, **values: Any) -> list[Payment]:  # noqa: ANN401
    async with conn.cursor(row_factory=class_row(Payment)) as cur:
        return await (await cur.execute(sql, values)).fetchall()


async def _refunds(conn: Connection, sql: LiteralString, one: UUID) -> list[Refund]:
    async with conn.cursor(row_factory=class_row(Refund)) as cur:
        return await (await cur.execute(sql, {"id": one})).fetchall()
