"""`/api/tenants/{slug}/payments` and the checkout of an appointment: for customers, staff and providers' webhooks."""

from datetime import datetime
from functools import partial
from uuid import UUID

import falcon
import msgspec
from msgspec.structs import asdict

from boka_app.appointments.model import NOT_ONES_OWN, AppointmentUnknown
from boka_app.audit import queries as audit
from boka_app.conventions.api import Api, Call, bearer_token
from boka_app.conventions.etag import etag, unchanged
from boka_app.conventions.model import MatchMissing, Page
from boka_app.openapi.operations import IF_MATCH_IF_ANY
from boka_app.payments import model, queries, service
from boka_app.payments.model import Account, AccountUnknown, Payment, PaymentDetails, PaymentUnknown, SealedAccount

_ALL = "/api/tenants/{slug}/payments"
_ONE = f"{_ALL}/{{payment_id:uuid}}"
_ACCOUNT = f"{_ALL}/accounts/{{provider}}"
_CHECKOUT = "/api/tenants/{slug}/appointments/{appointment_id:uuid}/payment"
_MAX_EVENT_BYTES = 256 * 1024  # Stripe's are some KiB; metadata and a long list may make them larger
api = Api()
_look, _set_up = partial(api, needs="payments.read"), partial(api, needs="payments.setup")
_pay = partial(api, needs="payments.write", answer=PaymentDetails, key=True)


@api(f"POST {_CHECKOUT}", "Open a checkout", alone=True, problems=[*NOT_ONES_OWN, *model.UNPAYABLE])
async def _check_out(call: Call) -> model.Checkout:
    """Answer where to pay; asked again, the same."""
    return await service.checkout(call.parts, call.path["slug"], call.id, bearer_token(call.req))


@_look(f"GET {_ALL}", "List payments")
async def _list(call: Call) -> Page[Payment]:
    """Answer a page of payments, the newest first."""
    return await call.page("payments", queries.list_payments, _place)


@_pay(f"POST {_ALL}", "Note a payment in cash", status=201, problems=[AppointmentUnknown])
async def _note_cash(call: Call, wish: model.CashPayment) -> PaymentDetails:
    """Note money taken by hand."""
    payment_id = await call.once(UUID, partial(service.note_cash, call.conn, wish, now=call.now))
    call.resp.location = f"{call.req.path}/{payment_id}"
    return await _details(call, payment_id)


@_look(f"GET {_ONE}", "Read a payment", answer=PaymentDetails, problems=[PaymentUnknown])
async def _read(call: Call) -> PaymentDetails | None:
    """Answer the payment and its refunds."""
    details = await _details(call, call.id)
    states = "".join(f".{refund.status}" for refund in details.refunds)
    tag = f'"{details.payment.version}{states}"'
    return None if unchanged(call.req, call.resp, tag) else details


@_pay(f"POST {_ONE}/refunds", "Refund a payment", status=202, problems=[PaymentUnknown, model.RefundTooMuch])
async def _refund(call: Call, wish: model.RefundWish) -> PaymentDetails:
    """Write the refund; a job makes it, and reading the payment tells how far it is."""
    await call.once(UUID, partial(service.refund_by_staff, call.conn, call.id, wish.amount_minor))
    return await _details(call, call.id)


@_set_up(f"GET {_ACCOUNT}", "Read a payment account", problems=[AccountUnknown])
async def _read_account(call: Call) -> Account:
    """Answer what is set up, without secrets."""
    return _without_secrets(call, await queries.get_account(call.conn, provider=call.path["provider"]))


@_set_up(
    f"PUT {_ACCOUNT}",
    "Set up a payment account",
    parameters=[IF_MATCH_IF_ANY],
    problems=[AccountUnknown, model.WebhookSecretMissing, MatchMissing],
)
async def _set_account_up(call: Call, wish: model.AccountSetup) -> Account:
    """Set up or change the account; an active one puts the other to rest."""
    provider, setup, seal = call.path["provider"], wish, call.parts.vault.seal
    if provider not in ("stripe", "paystack"):
        raise AccountUnknown(provider)
    if provider == "stripe" and setup.webhook_secret is None:
        raise model.WebhookSecretMissing
    found = await queries.find_account(call.conn, provider=provider)
    if found is not None:
        call.require_match(found.version)
    sealed = {name: text and seal(text) for name, text in asdict(setup).items() if name != "active"}
    if setup.active:
        await queries.rest_others(call.conn, provider=provider)
    await queries.put_account(call.conn, provider=provider, active=setup.active, **sealed)
    await audit.record(call.conn, "payment_account.set", call.tenant.id, provider=provider, active=setup.active)
    return await _read_account(call)


@_set_up(
    f"DELETE {_ACCOUNT}",
    "Remove a payment account",
    parameters=[IF_MATCH_IF_ANY],
    problems=[AccountUnknown, model.AccountInUse, MatchMissing],
)
async def _remove_account(call: Call) -> None:
    """Forget the account and its secrets, unless money is on its way through it."""
    provider = call.path["provider"]
    call.require_match((await queries.lock_account(call.conn, provider=provider)).version)
    if not await queries.remove_account(call.conn, provider=provider):
        raise model.AccountInUse(provider)
    await audit.record(call.conn, "payment_account.removed", call.tenant.id, provider=provider)


@api(
    f"POST {_ALL}/webhooks/{{provider}}",
    "Take a payment provider's event",
    alone=True,
    unlimited=True,  # a provider that is refused sends again for days; and it sends for all its customers at once
    problems=[
        *(AccountUnknown, model.SignatureInvalid),
        *(msgspec.DecodeError, msgspec.ValidationError, falcon.HTTPContentTooLarge),
    ],
)
async def _take_event(call: Call) -> dict[str, bool]:
    """Take an event; 200 means that it needs no repetition."""
    body = await call.req.stream.read(_MAX_EVENT_BYTES + 1)  # the signature over it is who they are
    if len(body) > _MAX_EVENT_BYTES:
        raise falcon.HTTPContentTooLarge(description=f"an event has {_MAX_EVENT_BYTES} bytes at most")
    await service.take_notice(call.parts, call.path["slug"], call.path["provider"], call.req.headers_lower, body)
    return {"received": True}


def _place(payment: Payment) -> tuple[datetime, UUID]:
    return payment.created_at, payment.id


async def _details(call: Call, payment_id: UUID) -> PaymentDetails:
    payment = await queries.get_payment(call.conn, id=payment_id)
    return PaymentDetails(payment=payment, refunds=await queries.list_refunds(call.conn, id=payment_id))


def _without_secrets(call: Call, account: SealedAccount) -> Account:
    call.resp.set_header("ETag", etag(account.version))
    url = f"{call.parts.settings.public_url}/api/tenants/{call.tenant.slug}/payments/webhooks/{account.provider}"
    return msgspec.convert(asdict(account) | {"webhook_url": url}, Account)
