"""Stripe's Checkout Sessions, refunds and signed events, as far as a shop uses them. Source: https://docs.stripe.com/api.

Form-encoded bodies, idempotency keys, sessions that live 30 minutes to 24 hours, refunds up to what was paid.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, ClassVar

from standins.checkout import Endpoint, PaymentStandin, Refused, page, secret_of
from standins.server import Answer, Request, route

_SHORTEST_S, _LONGEST_S = 30 * 60, 24 * 3600


class Stripe(PaymentStandin):
    """The provider. `sessions` and `refunds` are its books."""

    name: ClassVar[str] = "stripe"

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  those of the base
        super().__init__(**options)
        self.sessions: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self._owner: dict[str, str] = {}
        self._answered: dict[tuple[str, str], tuple[bytes, Answer]] = {}

    @route("POST", "/v1/checkout/sessions")
    def open(self, request: Request) -> Answer:
        """Create a session."""
        return self._once(request, self._open)

    @route("GET", "/v1/checkout/sessions/{session_id}")
    def read(self, request: Request, session_id: str) -> Answer:
        """Retrieve a session."""
        return _guard(lambda: Answer(self._session(request, session_id)))

    @route("POST", "/v1/checkout/sessions/{session_id}/expire")
    def expire(self, request: Request, session_id: str) -> Answer:
        """Expire an open session."""

        def work() -> Answer:
            session = self._session(request, session_id)
            if session["status"] != "open":
                raise Refused('Only Checkout Sessions with a status in ["open"] can be expired.')
            session["status"] = "expired"
            self._event(secret_of(request), "checkout.session.expired", session)
            return Answer(session)

        return _guard(work)

    @route("GET", "/pay/{session_id}")
    def show(self, _request: Request, session_id: str) -> Answer:
        """Show the hosted page."""
        session = self.sessions[session_id]
        amount = f"{session['amount_total']} {session['currency'].upper()} in its smallest unit"
        return page(
            "Stripe", session["title"], amount, f"/pay/{session_id}", session["cancel_url"] or session["success_url"]
        )

    @route("POST", "/pay/{session_id}")
    def pay(self, _request: Request, session_id: str) -> Answer:
        """Pay, tell the shop, lead back to it."""
        session = self.sessions[session_id]
        with self.lock:
            if session["status"] == "open" and self.clock() >= session["expires_at"]:
                session["status"] = "expired"
            if session["status"] != "open":
                return Answer(f"<h1>This page is {session['status']}</h1>", 410)
            session |= {"status": "complete", "payment_status": "paid", "payment_intent": f"pi_{self.number()}"}
        self._event(self._owner[session_id], "checkout.session.completed", session)
        return Answer(status=303, headers={"Location": session["success_url"]})

    @route("POST", "/v1/refunds")
    def refund(self, request: Request) -> Answer:
        """Create a refund."""
        return self._once(request, self._refund)

    @route("GET", "/v1/refunds")
    def list_refunds(self, request: Request) -> Answer:
        """List the refunds of a payment."""
        intent = request.query.get("payment_intent")
        found = [refund for refund in self.refunds.values() if refund["payment_intent"] == intent]
        return _guard(lambda: Answer({"object": "list", "data": found, "has_more": False} | self._checked(request)))

    @route("GET", "/v1/refunds/{refund_id}")
    def read_refund(self, request: Request, refund_id: str) -> Answer:
        """Retrieve a refund."""
        return _guard(lambda: Answer(self.refunds[refund_id] | self._checked(request)))

    def end_refund(self, refund_id: str, status: str) -> None:
        """Let a refund that was pending succeed or fail, and tell the shop."""
        refund = self.refunds[refund_id]
        refund["status"] = status
        kind = "refund.failed" if status == "failed" else "refund.updated"
        session = next(s for s in self.sessions.values() if s["payment_intent"] == refund["payment_intent"])
        self._event(self._owner[session["id"]], kind, refund)

    def sign(self, body: bytes, secret: str, endpoint: Endpoint) -> dict[str, str]:  # noqa: ARG002  Stripe has one per endpoint
        """Return the header Stripe-Signature."""
        stamp = str(int(self.clock()))
        signature = hmac.new(endpoint.webhook_secret.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
        return {"Stripe-Signature": f"t={stamp},v1={signature},v0=0"}

    def _open(self, request: Request) -> Answer:
        secret, fields = secret_of(request), request.form()
        price = "line_items[0][price_data]"
        try:
            amount = int(fields[f"{price}[unit_amount]"]) * int(fields["line_items[0][quantity]"])
            currency, title = fields[f"{price}[currency]"], fields[f"{price}[product_data][name]"]
            success_url = fields["success_url"]
        except KeyError as err:
            raise Refused(f"Missing required param: {err.args[0]}.", param=err.args[0]) from err
        now = int(self.clock())
        expires_at = int(fields.get("expires_at") or now + _LONGEST_S)
        if not _SHORTEST_S <= expires_at - now <= _LONGEST_S:
            raise Refused(
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
            )
        if fields.get("mode") != "payment" or amount <= 0 or currency != currency.lower():
            raise Refused("Invalid mode, amount or currency.")
        session_id = f"cs_test_{self.number()}"
        session: dict[str, Any] = {
            "id": session_id,
            "object": "checkout.session",
            "amount_total": amount,
            "cancel_url": fields.get("cancel_url"),
            "client_reference_id": fields.get("client_reference_id"),
            "created": now,
            "currency": currency,
            "expires_at": expires_at,
            "livemode": False,
            "metadata": _metadata(fields),
            "mode": "payment",
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "success_url": success_url,
            "title": title,
            "url": f"{self.url}/pay/{session_id}",
        }
        self.sessions[session_id], self._owner[session_id] = session, secret
        return Answer(session)

    def _refund(self, request: Request) -> Answer:
        secret, fields = secret_of(request), request.form()
        intent = fields.get("payment_intent")
        session = next((s for s in self.sessions.values() if s["payment_intent"] == intent), None)
        if not intent or session is None or self._owner[session["id"]] != secret:
            raise Refused(f"No such payment_intent: '{intent}'", 404)
        gone = sum(
            r["amount"] for r in self.refunds.values() if r["payment_intent"] == intent and r["status"] != "failed"
        )
        amount = int(fields.get("amount") or session["amount_total"] - gone)
        if amount > session["amount_total"] - gone:
            raise Refused("Refund amount is greater than unrefunded amount on charge")
        slow = self.faulty("/v1/refunds", "pending")
        refund: dict[str, Any] = {
            "id": f"re_{self.number()}",
            "object": "refund",
            "amount": amount,
            "currency": session["currency"],
            "metadata": _metadata(fields),
            "payment_intent": intent,
            "status": "pending" if slow else "succeeded",
        }
        self.refunds[refund["id"]] = refund
        return Answer(dict(refund))

    def _session(self, request: Request, session_id: str) -> dict[str, Any]:
        if self._owner.get(session_id) != secret_of(request):
            raise Refused(f"No such checkout.session: {session_id}", 404)
        session = self.sessions[session_id]
        if session["status"] == "open" and self.clock() >= session["expires_at"]:
            session["status"] = "expired"
        return session

    def _checked(self, request: Request) -> dict[str, Any]:
        secret_of(request)
        return {}

    def _once(self, request: Request, work: Callable[[Request], Answer]) -> Answer:
        """Answer a repeated Idempotency-Key as the first time; refuse it with other parameters."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return _guard(lambda: work(request))
        with self.lock:
            earlier = self._answered.get((request.path, key))
            if earlier is None:
                answer = _guard(lambda: work(request))
                if answer.status != 401:  # noqa: PLR2004  nothing is kept of a stranger
                    self._answered[request.path, key] = (request.body, answer)
                return answer
        if earlier[0] != request.body:
            text = "Keys for idempotent requests can only be used with the same parameters they were first used with."
            return Answer({"error": {"type": "idempotency_error", "message": text}}, 400)
        return Answer(earlier[1].body, earlier[1].status, {"Idempotent-Replayed": "true"})

    def _event(self, secret: str, kind: str, thing: dict[str, Any]) -> None:
        event = {
            "id": f"evt_{self.number()}",
            "object": "event",
            "created": int(self.clock()),
            "data": {"object": dict(thing)},
            "livemode": False,
            "type": kind,
        }
        self.tell(secret, event)


def _guard(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except Refused as err:
        return Answer({"error": {"type": "invalid_request_error", "message": str(err)} | err.facts}, err.status)


def _metadata(fields: dict[str, str]) -> dict[str, str]:
    return {name[9:-1]: value for name, value in fields.items() if name.startswith("metadata[")}
