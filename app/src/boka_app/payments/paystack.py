"""Paystack: transactions and refunds. Its webhooks carry no time and no id of their own, so they are only a hint.

Source: https://paystack.com/docs/api/transaction, …/api/refund, …/payments/webhooks.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from boka_app.payments import model
from boka_app.payments.model import Notice, Payment, PaymentStatus, Refund, RefundStatus, RefundTold, Told
from boka_app.payments.provider import Answer, Envelope, Provider, uuid_or_none

_CURRENCIES = ("EGP", "GHS", "KES", "NGN", "USD", "ZAR")  # all with two digits, as Paystack counts them too
_STATUS: dict[str, PaymentStatus] = {"success": "succeeded", "failed": "failed"}  # `abandoned` may still be paid
_REFUND: dict[str, RefundStatus] = {"processed": "succeeded", "failed": "failed"}


class _Checkout(msgspec.Struct):
    reference: str
    authorization_url: str


class _Transaction(msgspec.Struct):
    id: int
    reference: str
    status: str
    amount: int
    currency: str
    gateway_response: str | None = None


class _Refund(msgspec.Struct):
    id: int
    status: str
    merchant_note: str | None = None


class _Event(msgspec.Struct):
    event: str
    data: dict[str, Any]


class Paystack(Provider):
    """An account at Paystack."""

    name = "Paystack"
    repeatable = False  # it refuses a reference that it has seen

    @staticmethod
    def check(amount_minor: int, currency: str) -> None:  # noqa: ARG004  any amount in them
        """Pass what it takes."""
        if currency not in _CURRENCIES:
            raise model.PaymentsUnavailable(f"Paystack takes {', '.join(_CURRENCIES)} and not {currency}")

    async def start(self, order: model.Order) -> tuple[str, str]:
        """Initialize a transaction; our payment's id is its reference. Paystack insists on an e-mail address."""
        fields = {
            "reference": str(order.payment.id),
            "amount": order.payment.amount_minor,
            "currency": order.payment.currency,
            "email": order.email,
            "callback_url": order.return_url,
            "metadata": {"payment_id": str(order.payment.id), "cancel_action": order.return_url},
        }
        opened = await self._data("POST", "transaction/initialize", _Checkout, json=fields)
        return opened.reference, opened.authorization_url

    async def look(self, payment: Payment) -> Told:
        """Verify a transaction."""
        seen = await self._verify(payment)
        status = _STATUS.get(seen.status, "pending")
        failure = seen.gateway_response if status == "failed" else None
        return Told(
            status=status, ref=seen.reference, amount_minor=seen.amount, currency=seen.currency, failure=failure
        )

    async def refund(self, payment: Payment, refund: Refund) -> RefundTold:
        """Refund a part of a transaction; found by our id in the merchant's note if it was asked for before."""
        if refund.provider_ref is not None:
            return _refund_told(await self._data("GET", f"refund/{refund.provider_ref}", _Refund))
        transaction = await self._verify(payment)
        wanted = {"transaction": str(transaction.id), "perPage": "100"}
        for found in await self._data("GET", "refund", list[_Refund], params=wanted):
            if found.merchant_note == str(refund.id):
                return _refund_told(found)
        fields = {
            "transaction": str(payment.id),
            "amount": refund.amount_minor,
            "currency": payment.currency,
            "merchant_note": str(refund.id),
        }
        return _refund_told(await self._data("POST", "refund", _Refund, json=fields))

    @staticmethod
    def read(headers: Mapping[str, str], body: bytes, *, secret: str, webhook_secret: str, now: datetime) -> Notice:  # noqa: ARG004  the secret key signs, and no time
        """Verify a webhook and return which payment it is about."""
        wanted = hmac.new(secret.encode(), body, "sha512").hexdigest()
        if not hmac.compare_digest(wanted.encode(), headers.get("x-paystack-signature", "").encode()):
            raise model.SignatureInvalid("it is not that of this body and the secret key")
        event = msgspec.json.decode(body, type=_Event)
        data, kind = event.data, event.event
        reference = data.get("reference") or data.get("transaction_reference")
        about = reference if kind == "charge.success" or kind.startswith("refund.") else None
        event_id = f"{kind}:{data.get('id') or data.get('refund_reference') or reference}"
        return Notice(event_id=event_id[:255], kind=kind, payment_id=uuid_or_none(about))

    async def _verify(self, payment: Payment) -> _Transaction:
        return await self._data("GET", f"transaction/verify/{payment.id}", _Transaction)

    async def _data(self, method: str, path: str, answer_type: type[Answer], **content: Any) -> Answer:  # noqa: ANN401  json or params
        return (await self._call(method, path, Envelope[answer_type], **content)).data


def _refund_told(refund: _Refund) -> RefundTold:
    return RefundTold(status=_REFUND.get(refund.status, "pending"), ref=str(refund.id))
