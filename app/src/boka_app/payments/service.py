"""Open checkouts, and carry what providers say into the books. No call to a provider happens inside a transaction.

Locks go one way: the appointment, then its payment, then the audit's chain.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

from boka_app import metrics
from boka_app.appointments import tokens
from boka_app.appointments.model import AppointmentUnknown
from boka_app.audit import queries as audit
from boka_app.database import Connection, tenant_transaction
from boka_app.lifecycle import service as lifecycle
from boka_app.lifecycle.queries import lock_visit
from boka_app.outbox import queries as outbox
from boka_app.parts import Parts
from boka_app.payments import queries, rules
from boka_app.payments.model import (
    AccountUnknown,
    Bill,
    CashPayment,
    Checkout,
    Notice,
    Order,
    Payment,
    PaymentNotDue,
    PaymentStarting,
    PaymentsUnavailable,
    PaymentUnknown,
    ProviderRefused,
    RefundReason,
    RefundTold,
    RefundTooMuch,
    Told,
)
from boka_app.payments.registry import PROVIDERS, url_of
from boka_app.tenants.model import CUSTOMER, PROVIDER, Tenant
from boka_app.worker.defer import defer


class PaymentService:
    """What customers and providers do about payments, for one site."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def checkout(self, slug: str, appointment_id: UUID, token: str) -> Checkout:
        """Return where the customer pays: an open checkout again, or a new one.

        Written before the provider is asked, so that what it opens is never unknown to us.

        Raises:
            DomainError: nothing is due, the tenant takes no money, or the provider gave none.
        """
        order, secret = await self._order(slug, appointment_id, token)
        payment = order.payment
        if payment.checkout_url is None:
            try:
                ref, url = await self._start(order, secret)
            except ProviderRefused as err:
                async with tenant_transaction(self._parts.pool, slug, PROVIDER) as (conn, _tenant):
                    await settle(conn, payment.id, Told(status="failed", failure=str(err)), now=self._parts.now())
                raise
            async with tenant_transaction(self._parts.pool, slug, CUSTOMER) as (conn, _tenant):
                await queries.open_payment(conn, payment.id, ref, url)
                await audit.record(conn, "payment.opened", payment.id)
        else:
            url = payment.checkout_url
        assert payment.expires_at is not None  # noqa: S101  online payments have one
        return Checkout(
            payment=payment.id,
            url=url,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            expires_at=payment.expires_at,
        )

    async def standing(self, slug: str, appointment_id: UUID, token: str) -> tuple[Tenant, Bill, list[Payment]]:
        """Return what the holder of an appointment's token owes and paid."""
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            self._check(tenant.id, appointment_id, token)
            bill = await queries.get_bill(conn, appointment_id)
            return tenant, bill, await queries.list_payments_of(conn, appointment_id)

    async def take_notice(self, slug: str, provider: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take a webhook: verified, once, whole, or not at all.

        Raises:
            AccountUnknown, SignatureInvalid: nothing was written.
        """
        now = self._parts.now()
        async with tenant_transaction(self._parts.pool, slug, PROVIDER) as (conn, tenant):
            account = await queries.get_account(conn, provider)
            if account is None:
                raise AccountUnknown(provider)
            secret = self._parts.vault.open(account.secret)
            webhook_secret = self._parts.vault.open(account.webhook_secret) if account.webhook_secret else ""
            notice = PROVIDERS[provider].read(headers, body, secret=secret, webhook_secret=webhook_secret, now=now)
            if await queries.take_event(conn, provider, notice.event_id, notice.kind):
                await _carry(conn, tenant.id, notice, now)

    async def _order(self, slug: str, appointment_id: UUID, token: str) -> tuple[Order, str]:
        """Decide which payment to open, and write it."""
        now = self._parts.now()
        async with tenant_transaction(self._parts.pool, slug, CUSTOMER) as (conn, tenant):
            self._check(tenant.id, appointment_id, token)
            await lock_visit(conn, appointment_id)
            bill = await queries.get_bill(conn, appointment_id)
            amount = rules.due(bill, now)
            if amount == 0:
                raise PaymentNotDue(bill.status)
            account = await queries.get_active_account(conn)
            if account is None:
                raise PaymentsUnavailable(f"{tenant.name} takes no money online; ask there how to pay")
            provider = PROVIDERS[account.provider]
            provider.check(amount, bill.currency)
            payments = await queries.list_payments_of(conn, appointment_id)
            open_ = [p for p in payments if p.status in ("created", "pending") and p.provider == account.provider]
            latest = open_[0] if open_ else None
            step = rules.next_step(latest, repeatable=provider.repeatable, now=now)
            if step == "wait":
                raise PaymentStarting
            if latest is None or step == "new":
                if latest is not None:
                    await queries.turn_payment(conn, latest.id, "expired")
                latest = rules.new_payment(bill, account.provider, amount, uuid4(), appointment_id, now)
                await queries.insert_payment(conn, latest)
                if all(p.provider == "cash" for p in payments):  # once: nobody keeps a slot by asking again and again
                    await queries.keep_slot(conn, appointment_id, latest.expires_at)
                await audit.record(conn, "payment.created", latest.id, amount_minor=amount, currency=bill.currency)
        url = f"{self._parts.settings.public_url}/b/{slug}/appointments/{appointment_id}/{token}/pay"
        order = Order(payment=latest, title=bill.service_name, email=bill.email or "", return_url=url)
        return order, self._parts.vault.open(account.secret)

    async def _start(self, order: Order, secret: str) -> tuple[str, str]:
        import httpx  # noqa: PLC0415  0.6 s and 9 MiB that a worker of the API needs for its first checkout only

        async with httpx.AsyncClient(timeout=10) as http:
            name = order.payment.provider
            return await PROVIDERS[name](url_of(name, self._parts.settings), http, secret).start(order)

    def _check(self, tenant_id: UUID, appointment_id: UUID, token: str) -> None:
        if not tokens.matches(self._parts.settings.signing_key, tenant_id, appointment_id, token):
            raise AppointmentUnknown(appointment_id)


async def settle(conn: Connection, payment_id: UUID, told: Told, *, now: datetime) -> None:
    """Carry what a provider says of a payment into the books. Saying it again changes nothing.

    Raises:
        PaymentUnknown: it is none of this tenant's.
    """
    appointment_id = (await queries.get_payment(conn, payment_id)).appointment_id
    await lock_visit(conn, appointment_id)
    payment = await queries.get_payment(conn, payment_id, lock=True)
    status, failure = rules.judge(payment, told)
    await queries.turn_payment(conn, payment.id, status, failure, told.ref)
    if status == payment.status:
        return
    outcome = status
    if status == "succeeded":
        outcome = await receive(conn, payment_id, now=now)
    metrics.PAYMENTS.labels(payment.provider, outcome).inc()
    if status in ("succeeded", "failed"):
        await outbox.put(conn, f"payment.{status}", payment_id, **_facts(payment))
    await audit.record(conn, f"payment.{status}", payment_id, outcome=outcome, failure=failure)


async def receive(conn: Connection, payment_id: UUID, *, now: datetime) -> str:
    """Use money that came: it confirms its appointment, is kept, or goes back. Return which.

    The appointment is locked, and the payment has succeeded.
    """
    payment = await queries.get_payment(conn, payment_id)
    held_minor = await queries.count_paid(conn, payment.appointment_id)
    bill = await queries.get_bill(conn, payment.appointment_id)
    use = rules.use(payment, bill, others_minor=held_minor - payment.amount_minor)
    if use == "confirm":
        await lifecycle.confirm(conn, payment.appointment_id, now=now)
        return "succeeded"
    if use == "keep":
        return "succeeded"
    await give_back(conn, payment, payment.amount_minor, use)
    return use


async def give_back(conn: Connection, payment: Payment, amount_minor: int, reason: RefundReason) -> UUID:
    """Write a refund, and have a job make it; money from the till goes back by hand and is only noted.

    The appointment is locked.
    """
    refund_id = uuid4()
    by_hand = payment.provider == "cash"
    await queries.reserve(conn, payment.id, amount_minor)
    await queries.insert_refund(
        conn, refund_id, payment.id, amount_minor, reason, status="succeeded" if by_hand else "created"
    )
    await queries.count_paid(conn, payment.appointment_id)
    if not by_hand:
        await defer(conn, "make_refund", await queries.get_tenant_id(conn), refund_id)
    return refund_id


async def settle_refund(conn: Connection, refund_id: UUID, told: RefundTold) -> None:
    """Carry what a provider says of a refund into the books. What failed counts as ours again, and staff see it."""
    refund = await queries.get_refund(conn, refund_id)
    if refund is None:
        return
    payment = await queries.get_payment(conn, refund.payment_id)
    await lock_visit(conn, payment.appointment_id)
    refund = await queries.get_refund(conn, refund_id, lock=True)
    assert refund is not None  # noqa: S101  refunds are never removed
    status = told.status
    if rules.REFUND_RANK[status] < rules.REFUND_RANK[refund.status]:
        return
    await queries.turn_refund(conn, refund_id, told)
    if status in (refund.status, "pending"):
        return
    if status == "failed":
        await queries.reserve(conn, payment.id, -refund.amount_minor)
        await queries.count_paid(conn, payment.appointment_id)
    metrics.PAYMENTS.labels(payment.provider, "refunded" if status == "succeeded" else "refund_failed").inc()
    await outbox.put(conn, f"refund.{status}", refund_id, **_facts(payment) | {"amount_minor": refund.amount_minor})
    await audit.record(conn, f"refund.{status}", refund_id, amount_minor=refund.amount_minor, failure=told.failure)


async def settle_appointment(conn: Connection, appointment_id: UUID) -> list[Payment]:
    """Give back what policy says of an appointment that is off; return the payments that are still open.

    Refunds already written count as given, so that doing it again gives nothing more.
    """
    await lock_visit(conn, appointment_id)
    payments = await queries.list_payments_of(conn, appointment_id)
    bill = await queries.get_bill(conn, appointment_id)
    due = rules.refund_due(bill, sum(map(rules.left, payments)))
    parts = rules.split_refund([p for p in payments if p.provider != "cash"], due)
    for payment, amount_minor in parts:
        await give_back(conn, payment, amount_minor, "cancelled")
    if due:
        given = sum(amount for _, amount in parts)
        kept = {"fee_minor": bill.fee_minor, "by_hand_minor": due - given}
        await audit.record(conn, "payment.refund_due", appointment_id, refund_minor=given, **kept)
    return [p for p in payments if p.status == "pending" and bill.status in rules.OFF]


async def note_cash(conn: Connection, cash: CashPayment, *, now: datetime) -> UUID:
    """Note money that staff took by hand; enough of it confirms the appointment."""
    await lock_visit(conn, cash.appointment)
    bill = await queries.get_bill(conn, cash.appointment)
    payment = rules.cash_payment(cash, bill.currency, uuid4(), now)
    await queries.insert_payment(conn, payment)
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
    await lock_visit(conn, (await queries.get_payment(conn, payment_id)).appointment_id)
    payment = await queries.get_payment(conn, payment_id, lock=True)
    amount = rules.left(payment) if amount_minor is None else amount_minor
    if not 0 < amount <= rules.left(payment):
        raise RefundTooMuch(amount, rules.left(payment))
    refund_id = await give_back(conn, payment, amount, "staff")
    await audit.record(conn, "refund.created", refund_id, payment=str(payment_id), amount_minor=amount)
    return refund_id


async def _carry(conn: Connection, tenant_id: UUID, notice: Notice, now: datetime) -> None:
    """Do what a notice says; what is about nothing of ours is only noted."""
    if notice.refund_id is not None and notice.refund_told is not None:
        await settle_refund(conn, notice.refund_id, notice.refund_told)
    if notice.payment_id is None:
        return
    if notice.told is None:
        await defer(conn, "check_payment", tenant_id, notice.payment_id)
        return
    with suppress(PaymentUnknown):  # the account serves another shop as well
        await settle(conn, notice.payment_id, notice.told, now=now)


def _facts(payment: Payment) -> dict[str, str | int]:
    return {
        "appointment_id": str(payment.appointment_id),
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "provider": payment.provider,
    }
