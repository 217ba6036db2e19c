"""Open checkouts, and carry what providers say into the books. No call to a provider happens inside a transaction.

Locks go one way: the appointment, then its payment, then the audit's chain.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import asdict

from boka_app import metrics
from boka_app.appointments import tokens
from boka_app.appointments.model import AppointmentUnknown
from boka_app.audit import queries as audit
from boka_app.database import Connection, tenant_transaction
from boka_app.lifecycle import service as lifecycle
from boka_app.lifecycle.queries import lock_visit
from boka_app.outbox import queries as outbox
from boka_app.parts import Parts
from boka_app.payments import model, queries, rules
from boka_app.payments.model import Payment, RefundTold, Told
from boka_app.payments.registry import PROVIDERS, account_at
from boka_app.tenants.model import CUSTOMER, PROVIDER
from boka_app.worker.defer import defer


async def checkout(parts: Parts, slug: str, appointment_id: UUID, token: str) -> model.Checkout:
    """Return where the customer pays: an open checkout again, or a new one.

    Written before the provider is asked, so that what it opens is never unknown to us.

    Raises:
        DomainError: nothing is due, the tenant takes no money, or the provider gave none.
    """
    order, account = await _order(parts, slug, appointment_id, token)
    payment, url = order.payment, order.payment.checkout_url
    if url is None:
        try:
            ref, url = await _start(parts, order, account)
        except model.ProviderRefused as err:
            async with tenant_transaction(parts.pool, slug, PROVIDER) as (conn, _tenant):
                await settle(conn, payment.id, Told(status="failed", failure=str(err)), now=parts.now())
            raise
        async with tenant_transaction(parts.pool, slug, CUSTOMER) as (conn, _tenant):
            await queries.open_payment(conn, id=payment.id, ref=ref, url=url)
            await audit.record(conn, "payment.opened", payment.id)
    facts = asdict(payment) | {"payment": payment.id, "url": url}
    return msgspec.convert(facts, model.Checkout)


async def take_notice(parts: Parts, slug: str, provider: str, headers: Mapping[str, str], body: bytes) -> None:
    """Take a webhook: verified, once, whole, or not at all.

    Raises:
        AccountUnknown, SignatureInvalid: nothing was written.
    """
    now = parts.now()
    async with tenant_transaction(parts.pool, slug, PROVIDER) as (conn, tenant):
        account = await queries.get_account(conn, provider=provider)
        secret = parts.vault.open(account.secret)
        webhook_secret = parts.vault.open(account.webhook_secret) if account.webhook_secret else ""
        notice = PROVIDERS[provider].read(headers, body, secret=secret, webhook_secret=webhook_secret, now=now)
        if await queries.take_event(conn, provider=provider, event_id=notice.event_id, kind=notice.kind):
            await _carry(conn, tenant.id, notice, now)


async def _order(parts: Parts, slug: str, appointment_id: UUID, token: str) -> tuple[model.Order, model.SealedAccount]:
    """Decide which payment to open, and write it."""
    now = parts.now()
    async with tenant_transaction(parts.pool, slug, CUSTOMER) as (conn, tenant):
        tokens.require(parts.settings.signing_keys, tenant.id, appointment_id, token, AppointmentUnknown)
        await lock_visit(conn, appointment_id)
        bill = await queries.get_bill(conn, id=appointment_id)
        amount = rules.due(bill, now)
        if amount == 0:
            raise model.PaymentNotDue(bill.status)
        account = await queries.get_active_account(conn)
        if account is None:
            raise model.PaymentsUnavailable(f"{tenant.name} takes no money online; ask there how to pay")
        provider = PROVIDERS[account.provider]
        provider.check(amount, bill.currency)
        payments = await queries.list_payments_of(conn, id=appointment_id)
        open_ = [p for p in payments if p.status in ("created", "pending") and p.provider == account.provider]
        latest = open_[0] if open_ else None
        step = rules.next_step(latest, repeatable=provider.repeatable, now=now)
        if step == "wait":
            raise model.PaymentStarting
        if latest is None or step == "new":
            if latest is not None:
                await queries.turn_payment(conn, id=latest.id, status="expired")
            wanted = {"provider": account.provider, "amount_minor": amount, "status": "created"}
            wanted |= {"purpose": rules.purpose(bill), "expires_at": now + rules.CHECKOUT_LIFE}
            latest = await queries.insert_payment(conn, id=appointment_id, **wanted)
            if all(p.provider == "cash" for p in payments):  # once: nobody keeps a slot by asking again and again
                await queries.keep_slot(conn, id=appointment_id, until=latest.expires_at)
            await audit.record(conn, "payment.created", latest.id, amount_minor=amount, currency=bill.currency)
    url = f"{parts.settings.public_url}/b/{slug}/appointments/{appointment_id}/{token}/pay"
    order = model.Order(payment=latest, title=bill.service_name, email=bill.email or "", return_url=url)
    return order, account


async def _start(parts: Parts, order: model.Order, account: model.SealedAccount) -> tuple[str, str]:
    import httpx  # noqa: PLC0415  0.6 s and 9 MiB that a worker of the API needs for its first checkout only

    async with httpx.AsyncClient(timeout=10) as http:
        return await account_at(parts, http, account).start(order)


async def settle(conn: Connection, payment_id: UUID, told: Told, *, now: datetime) -> None:
    """Carry what a provider says of a payment into the books. Saying it again changes nothing.

    Raises:
        PaymentUnknown: it is none of this tenant's.
    """
    payment = await _lock(conn, payment_id)
    status, failure = rules.judge(payment, told)
    await queries.turn_payment(conn, id=payment.id, status=status, failure=failure, ref=told.ref)
    if status == payment.status:
        return
    outcome = await receive(conn, payment_id, now=now) if status == "succeeded" else status
    metrics.PAYMENTS.labels(payment.provider, outcome).inc()
    if status in ("succeeded", "failed"):
        await outbox.put(conn, f"payment.{status}", payment_id, **_facts(payment))
    await audit.record(conn, f"payment.{status}", payment_id, outcome=outcome, failure=failure)


async def receive(conn: Connection, payment_id: UUID, *, now: datetime) -> str:
    """Use money that came: it confirms its appointment, is kept, or goes back. Return which.

    The appointment is locked, and the payment has succeeded.
    """
    payment = await queries.get_payment(conn, id=payment_id)
    held_minor = await queries.count_paid(conn, id=payment.appointment_id)
    bill = await queries.get_bill(conn, id=payment.appointment_id)
    use = rules.use(payment, bill, others_minor=held_minor - payment.amount_minor)
    if use in ("too_late", "duplicate"):
        await give_back(conn, payment, payment.amount_minor, use)
        return use
    if use == "confirm":
        await lifecycle.confirm(conn, payment.appointment_id, now=now)
    return "succeeded"


async def give_back(conn: Connection, payment: Payment, amount_minor: int, reason: model.RefundReason) -> UUID:
    """Write a refund, and have a job make it; money from the till goes back by hand and is only noted.

    The appointment is locked.
    """
    state = "succeeded" if payment.provider == "cash" else "created"
    await queries.reserve(conn, id=payment.id, amount_minor=amount_minor)
    refund = {"payment_id": payment.id, "amount_minor": amount_minor, "reason": reason, "status": state}
    refund_id = await queries.insert_refund(conn, **refund)
    await queries.count_paid(conn, id=payment.appointment_id)
    if state == "created":
        await defer(conn, "make_refund", await queries.current_tenant(conn), refund_id)
    return refund_id


async def settle_refund(conn: Connection, refund_id: UUID, told: RefundTold) -> None:
    """Carry what a provider says of a refund into the books. What failed counts as ours again, and staff see it."""
    found = await queries.get_refund(conn, id=refund_id)
    if found is None:
        return
    payment = await _lock(conn, found.payment_id)
    refund = await queries.lock_refund(conn, id=refund_id)
    status = told.status
    if rules.REFUND_RANK[status] < rules.REFUND_RANK[refund.status]:
        return
    await queries.turn_refund(conn, id=refund_id, **asdict(told))
    if status in (refund.status, "pending"):
        return
    if status == "failed":
        await queries.reserve(conn, id=payment.id, amount_minor=-refund.amount_minor)
        await queries.count_paid(conn, id=payment.appointment_id)
    metrics.PAYMENTS.labels(payment.provider, "refunded" if status == "succeeded" else "refund_failed").inc()
    await outbox.put(conn, f"refund.{status}", refund_id, **_facts(payment) | {"amount_minor": refund.amount_minor})
    await audit.record(conn, f"refund.{status}", refund_id, amount_minor=refund.amount_minor, failure=told.failure)


async def settle_appointment(conn: Connection, appointment_id: UUID) -> list[Payment]:
    """Give back what policy says of an appointment that is off; return the payments that are still open.

    Refunds already written count as given, so that doing it again gives nothing more.
    """
    await lock_visit(conn, appointment_id)
    payments = await queries.list_payments_of(conn, id=appointment_id)
    bill = await queries.get_bill(conn, id=appointment_id)
    due = rules.refund_due(bill, sum(map(rules.left, payments)))
    parts = rules.split_refund([p for p in payments if p.provider != "cash"], due)
    for payment, amount_minor in parts:
        await give_back(conn, payment, amount_minor, "cancelled")
    if due:
        given = sum(amount for _, amount in parts)
        kept = {"fee_minor": bill.fee_minor, "by_hand_minor": due - given}
        await audit.record(conn, "payment.refund_due", appointment_id, refund_minor=given, **kept)
    return [p for p in payments if p.status == "pending" and bill.status in rules.OFF]


async def note_cash(conn: Connection, cash: model.CashPayment, *, now: datetime) -> UUID:
    """Note money that staff took by hand; enough of it confirms the appointment."""
    await lock_visit(conn, cash.appointment)
    taken = {"provider": "cash", "purpose": cash.purpose, "amount_minor": cash.amount_minor, "status": "succeeded"}
    payment = await queries.insert_payment(conn, id=cash.appointment, **taken)
    await receive(conn, payment.id, now=now)
    metrics.PAYMENTS.labels("cash", "succeeded").inc()
    await outbox.put(conn, "payment.succeeded", payment.id, **_facts(payment))
    await audit.record(conn, "payment.succeeded", payment.id, provider="cash", amount_minor=cash.amount_minor)
    return payment.id


async def refund_by_staff(conn: Connection, payment_id: UUID, amount_minor: int | None) -> UUID:
    """Give back what staff decide.

    Raises:
        PaymentUnknown, RefundTooMuch: there is no such payment, or no so much of it.
    """
    payment = await _lock(conn, payment_id)
    amount = rules.left(payment) if amount_minor is None else amount_minor
    if not 0 < amount <= rules.left(payment):
        raise model.RefundTooMuch(amount, rules.left(payment))
    refund_id = await give_back(conn, payment, amount, "staff")
    await audit.record(conn, "refund.created", refund_id, payment=str(payment_id), amount_minor=amount)
    return refund_id


async def _lock(conn: Connection, payment_id: UUID) -> Payment:
    """Return a payment, its appointment locked, and then itself."""
    await lock_visit(conn, (await queries.get_payment(conn, id=payment_id)).appointment_id)
    return await queries.lock_payment(conn, id=payment_id)


async def _carry(conn: Connection, tenant_id: UUID, notice: model.Notice, now: datetime) -> None:
    """Do what a notice says; what is about nothing of ours is only noted."""
    if notice.refund_id is not None and notice.refund_told is not None:
        await settle_refund(conn, notice.refund_id, notice.refund_told)
    if notice.payment_id is None:
        return
    if notice.told is None:
        await defer(conn, "check_payment", tenant_id, notice.payment_id)
        return
    with suppress(model.PaymentUnknown):  # the account serves another shop as well
        await settle(conn, notice.payment_id, notice.told, now=now)


def _facts(payment: Payment) -> dict[str, str | int]:
    amount = {"amount_minor": payment.amount_minor, "currency": payment.currency}
    return amount | {"appointment_id": str(payment.appointment_id), "provider": payment.provider}
