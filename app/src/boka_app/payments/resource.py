"""`/api/tenants/{slug}/payments` and the checkout of an appointment: for customers, staff and providers' webhooks."""

import hashlib
from datetime import datetime
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.appointments.model import NOT_ONES_OWN, AppointmentUnknown
from boka_app.audit import queries as audit
from boka_app.body import read_body
from boka_app.conventions.etag import etag, require_match, unchanged
from boka_app.conventions.model import MatchMissing, Page
from boka_app.conventions.paging import Pages
from boka_app.database import Connection, tenant_transaction
from boka_app.idempotency import queries as keys
from boka_app.idempotency.model import require_key
from boka_app.lifecycle.resource import bearer_token
from boka_app.openapi.operations import IF_MATCH_IF_ANY, operation
from boka_app.parts import Parts, Routes
from boka_app.payments import queries, service
from boka_app.payments.model import (
    UNPAYABLE,
    Account,
    AccountInUse,
    AccountSetup,
    AccountUnknown,
    CashPayment,
    Checkout,
    Payment,
    PaymentDetails,
    PaymentUnknown,
    RefundTooMuch,
    RefundWish,
    SealedAccount,
    SignatureInvalid,
    WebhookSecretMissing,
)
from boka_app.payments.service import PaymentService
from boka_app.tenants.model import Tenant

_ACCOUNT = ("tenant-unknown", "payment-account-unknown")
_MAX_EVENT_BYTES = 256 * 1024  # Stripe's are some KiB; metadata and a long list may make them larger


def routes(parts: Parts, payments: PaymentService) -> Routes:
    """Return every address of payments in the API."""
    base = "/api/tenants/{slug}/payments"
    return [
        ("/api/tenants/{slug}/appointments/{appointment_id:uuid}/payment", CheckoutResource(payments)),
        (base, PaymentsResource(parts)),
        (f"{base}/{{payment_id:uuid}}", PaymentResource(parts)),
        (f"{base}/{{payment_id:uuid}}/refunds", RefundsResource(parts)),
        (f"{base}/accounts/{{provider}}", AccountResource(parts)),
        (f"{base}/webhooks/{{provider}}", WebhookResource(payments)),
    ]


class CheckoutResource:
    """The checkout of one appointment, for whoever has its token."""

    def __init__(self, payments: PaymentService) -> None:
        self._payments = payments

    @operation("Open a checkout", answer=Checkout, problems=[*NOT_ONES_OWN, *UNPAYABLE])
    async def on_post(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Answer where to pay; asked again, the same."""
        resp.media = await self._payments.checkout(slug, appointment_id, bearer_token(req))
        resp.cache_control = ["no-store"]


class PaymentsResource:
    """The payments of a tenant."""

    _decoder = msgspec.json.Decoder(CashPayment)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pages = Pages(parts.settings, "payments", tuple[datetime, UUID])

    @operation("List payments", answer=Page[Payment], needs="payments.read")
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer a page of payments, the newest first."""
        wanted = self._pages.wanted(req)
        at, id_ = wanted.after or (None, None)
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, _tenant):
            rows = await queries.list_payments(conn, at=at, id=id_, limit=wanted.fetch)
        self._pages.answer(req, resp, wanted, rows, lambda payment: (payment.created_at, payment.id))

    @operation(
        "Note a payment in cash",
        answer=PaymentDetails,
        status=201,
        body=CashPayment,
        needs="payments.write",
        key=True,
        problems=[AppointmentUnknown],
    )
    async def on_post(self, req: Request, resp: Response, slug: str) -> None:
        """Note money taken by hand."""
        key, body = require_key(req.get_header("Idempotency-Key")), await read_body(req, falcon.MEDIA_JSON)
        cash = self._decoder.decode(body)
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, _tenant):
            earlier = await keys.claim(conn, key, _fingerprint(req, body))
            if earlier is None:
                payment_id = await service.note_cash(conn, cash, now=self._parts.now())
                await keys.store(conn, key, {"id": str(payment_id)})
            else:
                payment_id = UUID(str(earlier["id"]))
            resp.media = await _details(conn, payment_id)
        resp.status = falcon.HTTP_201
        resp.location = f"{req.path}/{payment_id}"


class PaymentResource:
    """One payment."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation("Read a payment", answer=PaymentDetails, needs="payments.read", problems=[PaymentUnknown])
    async def on_get(self, req: Request, resp: Response, slug: str, payment_id: UUID) -> None:
        """Answer the payment and its refunds."""
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, _tenant):
            details = await _details(conn, payment_id)
        states = "".join(f".{refund.status}" for refund in details.refunds)
        if not unchanged(req, resp, f'"{details.payment.version}{states}"'):
            resp.media = details


class RefundsResource:
    """What goes back of one payment."""

    _decoder = msgspec.json.Decoder(RefundWish)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation(
        "Refund a payment",
        answer=PaymentDetails,
        status=202,
        body=RefundWish,
        needs="payments.write",
        key=True,
        problems=[PaymentUnknown, RefundTooMuch],
    )
    async def on_post(self, req: Request, resp: Response, slug: str, payment_id: UUID) -> None:
        """Write the refund; a job makes it, and reading the payment tells how far it is."""
        key, body = require_key(req.get_header("Idempotency-Key")), await read_body(req, falcon.MEDIA_JSON)
        wish = self._decoder.decode(body)
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, _tenant):
            if await keys.claim(conn, key, _fingerprint(req, body)) is None:
                refund_id = await service.refund_by_staff(conn, payment_id, wish.amount_minor)
                await keys.store(conn, key, {"id": str(refund_id)})
            resp.media = await _details(conn, payment_id)
        resp.status = falcon.HTTP_202


class AccountResource:
    """The tenant's own account at a provider. Its secrets go in and never come out."""

    _decoder = msgspec.json.Decoder(AccountSetup)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation("Read a payment account", answer=Account, needs="payments.setup", problems=[AccountUnknown])
    async def on_get(self, req: Request, resp: Response, slug: str, provider: str) -> None:
        """Answer what is set up, without secrets."""
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            self._show(resp, tenant, await self._get(conn, provider))

    @operation(
        "Set up a payment account",
        answer=Account,
        body=AccountSetup,
        needs="payments.setup",
        parameters=[IF_MATCH_IF_ANY],
        problems=[AccountUnknown, WebhookSecretMissing, MatchMissing],
    )
    async def on_put(self, req: Request, resp: Response, slug: str, provider: str) -> None:
        """Set up or change the account; an active one puts the other to rest."""
        setup = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        if provider not in ("stripe", "paystack"):
            raise AccountUnknown(provider)
        if provider == "stripe" and setup.webhook_secret is None:
            raise WebhookSecretMissing
        seal = self._parts.vault.seal
        webhook_secret = None if setup.webhook_secret is None else seal(setup.webhook_secret)
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            found = await queries.lock_account(conn, provider=provider)
            if found is not None:
                require_match(req, found.version)
            sealed = {"secret": seal(setup.secret), "webhook_secret": webhook_secret}
            if setup.active:
                await queries.rest_others(conn, provider=provider)
            await queries.put_account(conn, provider=provider, active=setup.active, **sealed)
            self._show(resp, tenant, await self._get(conn, provider))
            await audit.record(conn, "payment_account.set", tenant.id, provider=provider, active=setup.active)

    @operation(
        "Remove a payment account",
        answer=None,
        needs="payments.setup",
        parameters=[IF_MATCH_IF_ANY],
        problems=[AccountUnknown, AccountInUse, MatchMissing],
    )
    async def on_delete(self, req: Request, resp: Response, slug: str, provider: str) -> None:
        """Forget the account and its secrets, unless money is on its way through it."""
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            require_match(req, (await self._get(conn, provider, lock=True)).version)
            if not await queries.remove_account(conn, provider=provider):
                raise AccountInUse(provider)
            await audit.record(conn, "payment_account.removed", tenant.id, provider=provider)
        resp.status = falcon.HTTP_204

    async def _get(self, conn: Connection, provider: str, *, lock: bool = False) -> SealedAccount:
        look = queries.lock_account if lock else queries.get_account
        account = await look(conn, provider=provider)
        if account is None:
            raise AccountUnknown(provider)
        return account

    def _show(self, resp: Response, tenant: Tenant, account: SealedAccount) -> None:
        base = f"{self._parts.settings.public_url}/api/tenants/{tenant.slug}/payments/webhooks"
        resp.set_header("ETag", etag(account.version))
        resp.media = Account(
            provider=account.provider,
            active=account.active,
            webhook_url=f"{base}/{account.provider}",
            updated_at=account.updated_at,
        )


class WebhookResource:
    """What providers tell. The signature over the raw body is who they are."""

    unlimited = True  # a provider that is refused sends again for days; and it sends for all its customers at once

    def __init__(self, payments: PaymentService) -> None:
        self._payments = payments

    @operation(
        "Take a payment provider's event",
        answer=dict[str, bool],
        problems=[
            *(AccountUnknown, SignatureInvalid),
            *(msgspec.DecodeError, msgspec.ValidationError, falcon.HTTPContentTooLarge),
        ],
    )
    async def on_post(self, req: Request, resp: Response, slug: str, provider: str) -> None:
        """Take an event; 200 means that it needs no repetition."""
        body = await req.stream.read(_MAX_EVENT_BYTES + 1)
        if len(body) > _MAX_EVENT_BYTES:
            raise falcon.HTTPContentTooLarge(description=f"an event has {_MAX_EVENT_BYTES} bytes at most")
        await self._payments.take_notice(slug, provider, req.headers_lower, body)
        resp.media = {"received": True}


async def _details(conn: Connection, payment_id: UUID) -> PaymentDetails:
    payment = await queries.get_payment(conn, id=payment_id)
    return PaymentDetails(payment=payment, refunds=await queries.list_refunds(conn, id=payment_id))


def _fingerprint(req: Request, body: bytes) -> bytes:
    return hashlib.sha256(req.path.encode() + b"\n" + body).digest()
