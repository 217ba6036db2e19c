"""What the worker does about money: ask providers, close checkouts of lost slots, give back, and look for silence."""

from uuid import UUID

from boka_app.payments import model, queries, service
from boka_app.payments.model import ProviderAway, ProviderRefused, RefundTold, Told
from boka_app.payments.registry import account_at
from boka_app.worker.defer import defer
from boka_app.worker.model import Event, GiveUp, Work
from boka_app.worker.tenants import job_transaction, tenant_ids


async def settle_payments(work: Work, event: Event) -> None:
    """Give back what an appointment that is off leaves over, and close what could still be paid for it."""
    async with job_transaction(work.pool, event.tenant_id) as conn:
        for payment in await service.settle_appointment(conn, event.subject_id):
            await defer(conn, "close_payment", event.tenant_id, payment.id)


async def check_payment(work: Work, tenant_id: UUID, payment_id: UUID) -> None:
    """Ask the provider what became of a payment, and of refunds of it that it works on."""
    await _ask(work, tenant_id, payment_id)
    async with job_transaction(work.pool, tenant_id) as conn:
        for refund in await queries.list_refunds(conn, id=payment_id):
            if refund.status == "pending" and refund.provider_ref is not None:
                await defer(conn, "make_refund", tenant_id, refund.id)


async def close_payment(work: Work, tenant_id: UUID, payment_id: UUID) -> None:
    """End a checkout whose appointment lost its slot; money that came before is settled as it must be."""
    await _ask(work, tenant_id, payment_id, close=True)


async def make_refund(work: Work, tenant_id: UUID, refund_id: UUID) -> None:
    """Have the provider give money back, or tell how far it is. One worker at a time has a refund in hand.

    Raises:
        ProviderAway, ProviderRefused: nothing is known; to be tried again.
    """
    async with job_transaction(work.pool, tenant_id) as conn:
        if not await queries.take_refund(conn, id=refund_id):
            return
        refund = await queries.lock_refund(conn, id=refund_id)
        payment = await queries.get_payment(conn, id=refund.payment_id)
        account = await queries.find_account(conn, provider=payment.provider)
    try:
        if account is None:
            raise ProviderRefused(payment.provider, "the account was removed")  # noqa: TRY301  as good as a no of its own
        told = await account_at(work, work.http, account).refund(payment, refund)
    except (model.PaymentsUnavailable, ProviderRefused, ProviderAway) as err:
        if isinstance(err, ProviderAway) or getattr(err, "looking", False):
            # Whether it was made before is not known, so it is neither failed nor asked for again blindly.
            async with job_transaction(work.pool, tenant_id) as conn:
                await queries.return_refund(conn, id=refund_id, failure=str(err))
            raise
        told = RefundTold(status="failed", ref=None, failure=str(err))
    async with job_transaction(work.pool, tenant_id) as conn:
        await service.settle_refund(conn, refund_id, told)


async def sweep_payments(work: Work) -> None:
    """Look for payments and refunds of which nothing was heard: a webhook may never come."""
    for tenant_id in await tenant_ids(work.pool):
        async with job_transaction(work.pool, tenant_id) as conn:
            for job, list_quiet in (("check_payment", queries.list_quiet), ("make_refund", queries.list_quiet_refunds)):
                for quiet in await list_quiet(conn):
                    await defer(conn, job, tenant_id, quiet, queueing_lock=f"{job} {quiet}")


async def _ask(work: Work, tenant_id: UUID, payment_id: UUID, *, close: bool = False) -> None:
    async with job_transaction(work.pool, tenant_id) as conn:
        try:
            payment = await queries.get_payment(conn, id=payment_id)
        except model.PaymentUnknown:
            return  # the account serves another shop as well
        account = await queries.find_account(conn, provider=payment.provider)
    now = work.now()
    late = payment.expires_at is not None and payment.expires_at < now
    told = Told(status=payment.status)
    if account is not None:
        provider = account_at(work, work.http, account)
        try:
            told = await (provider.close if close else provider.look)(payment)
        except ProviderRefused as err:
            if payment.provider_ref is not None:
                raise GiveUp(str(err)) from err
            # It never heard of what we had not opened yet.
    if late and told.status in ("created", "pending"):
        told = Told(status="expired")
    async with job_transaction(work.pool, tenant_id) as conn:
        await service.settle(conn, payment_id, told, now=now)
