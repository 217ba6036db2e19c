"""Paystack's transactions, refunds and signed events, as far as a shop uses them. Source: https://paystack.com/docs/api.

JSON bodies in an envelope of status, message and data; a reference works once; events are signed with the secret key.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, ClassVar

from standins.checkout import Endpoint, PaymentStandin, Refused, page, secret_of
from standins.server import Answer, Request, route

_CURRENCIES = ("NGN", "GHS", "ZAR", "KES", "USD", "XOF", "EGP")


class Paystack(PaymentStandin):
    """The provider. `transactions`, by reference, and `refunds` are its books."""

    name: ClassVar[str] = "paystack"

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  those of the base
        super().__init__(**options)
        self.transactions: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self._owner: dict[str, str] = {}
        self._callback: dict[str, str] = {}

    @route("POST", "/transaction/initialize")
    def initialize(self, request: Request) -> Answer:
        """Begin a transaction."""

        def work() -> Answer:
            secret, given = secret_of(request), request.json()
            reference = given.get("reference") or f"T{self.number()}"
            if not given.get("email"):
                raise Refused("Email is not allowed to be empty")
            if given.get("currency", "NGN") not in _CURRENCIES:
                raise Refused("Currency not supported by merchant")
            with self.lock:
                if reference in self.transactions:
                    raise Refused("Duplicate Transaction Reference")
                self.transactions[reference] = {
                    "id": 4_000_000 + self.number(),
                    "domain": "test",
                    "status": "abandoned",
                    "reference": reference,
                    "amount": int(given["amount"]),
                    "currency": given.get("currency", "NGN"),
                    "gateway_response": "The transaction was not completed",
                    "metadata": given.get("metadata"),
                    "paid_at": None,
                }
            self._owner[reference], self._callback[reference] = secret, given.get("callback_url", "/")
            url = f"{self.url}/checkout/{reference}"
            data = {"authorization_url": url, "access_code": reference[:8], "reference": reference}
            return _envelope("Authorization URL created", data)

        return _guard(work)

    @route("GET", "/transaction/verify/{reference}")
    def verify(self, request: Request, reference: str) -> Answer:
        """Tell what became of a transaction."""
        return _guard(lambda: _envelope("Verification successful", self._transaction(request, reference)))

    @route("GET", "/checkout/{reference}")
    def show(self, _request: Request, reference: str) -> Answer:
        """Show the hosted page."""
        transaction = self.transactions[reference]
        amount = f"{transaction['amount']} {transaction['currency']} in its smallest unit"
        return page("Paystack", "Pay", amount, f"/checkout/{reference}", self._callback[reference])

    @route("POST", "/checkout/{reference}")
    def pay(self, _request: Request, reference: str) -> Answer:
        """Pay, tell the shop, lead back to it."""
        transaction = self.transactions[reference]
        with self.lock:
            if transaction["status"] == "success":
                return Answer("<h1>Paid before</h1>", 410)
            transaction |= {
                "status": "success",
                "gateway_response": "Successful",
                "paid_at": "2026-11-20T08:00:00.000Z",
            }
        self.tell(self._owner[reference], {"event": "charge.success", "data": dict(transaction)})
        joint = "&" if "?" in self._callback[reference] else "?"
        location = f"{self._callback[reference]}{joint}trxref={reference}&reference={reference}"
        return Answer(status=303, headers={"Location": location})

    @route("POST", "/refund")
    def refund(self, request: Request) -> Answer:
        """Refund a part of a transaction; it is queued, and processed unless the fault `pending` waits for /refund."""

        def work() -> Answer:
            given = request.json()
            transaction = self._transaction(request, str(given["transaction"]))
            amount = int(given.get("amount", transaction["amount"]))
            if transaction["status"] != "success" or amount > transaction["amount"] - self._gone(transaction):
                raise Refused("Refund amount cannot be greater than the amount left of the transaction")
            refund: dict[str, Any] = {
                "id": 9_000_000 + self.number(),
                "transaction": transaction["id"],
                "amount": amount,
                "currency": transaction["currency"],
                "merchant_note": given.get("merchant_note"),
                "customer_note": given.get("customer_note"),
                "status": "pending",
            }
            self.refunds[str(refund["id"])] = refund
            queued = dict(refund)
            if self.faulty("/refund", "pending") is None:
                self.end_refund(str(refund["id"]), "processed")
            return _envelope("Refund has been queued for processing", queued)

        return _guard(work)

    @route("GET", "/refund")
    def list_refunds(self, request: Request) -> Answer:
        """List the refunds of a transaction, by its id."""
        secret_of(request)
        wanted = request.query.get("transaction")
        found = [refund for refund in self.refunds.values() if wanted in (None, str(refund["transaction"]))]
        return _envelope("Refunds retrieved", found)

    @route("GET", "/refund/{refund_id}")
    def read_refund(self, request: Request, refund_id: str) -> Answer:
        """Fetch a refund."""
        secret_of(request)
        return _envelope("Refund retrieved", self.refunds[refund_id])

    def end_refund(self, refund_id: str, status: str) -> None:
        """Let a queued refund be processed or fail, and tell the shop."""
        refund = self.refunds[refund_id]
        refund["status"] = status
        reference = next(t["reference"] for t in self.transactions.values() if t["id"] == refund["transaction"])
        data = {"status": status, "transaction_reference": reference, "refund_reference": refund_id}
        self.tell(self._owner[reference], {"event": f"refund.{status}", "data": data | {"amount": refund["amount"]}})

    def sign(self, body: bytes, secret: str, endpoint: Endpoint) -> dict[str, str]:  # noqa: ARG002  the secret key signs
        """Return the header x-paystack-signature."""
        return {"x-paystack-signature": hmac.new(secret.encode(), body, "sha512").hexdigest()}

    def _gone(self, transaction: dict[str, Any]) -> int:
        mine = [refund for refund in self.refunds.values() if refund["transaction"] == transaction["id"]]
        return sum(refund["amount"] for refund in mine if refund["status"] != "failed")

    def _transaction(self, request: Request, reference: str) -> dict[str, Any]:
        secret = secret_of(request)
        known = [t for t in self.transactions.values() if reference in (t["reference"], str(t["id"]))]
        if not known or self._owner[known[0]["reference"]] != secret:
            raise Refused("Transaction reference not found")
        return known[0]


def _envelope(message: str, data: Any) -> Answer:  # noqa: ANN401  any JSON
    return Answer({"status": True, "message": message, "data": data})


def _guard(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except Refused as err:
        return Answer({"status": False, "message": str(err)}, err.status)
