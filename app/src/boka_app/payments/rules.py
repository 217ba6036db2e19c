"""What is due, what becomes of a payment, what goes back: decided from values alone. Amounts are in minor units."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from boka_app.payments.model import Bill, Payment, PaymentStatus, PaymentsUnavailable, Purpose, RefundStatus, Told

# Stripe's sessions live 30 minutes at least, by its clock; 10 more leave a lost answer the time to be asked for again.
CHECKOUT_LIFE = timedelta(minutes=40)
REPEAT_FOR = timedelta(minutes=8)
CALL_LIMIT = timedelta(seconds=20)  # a call ends after 10 s; who asks later than this asks after it

OFF = ("cancelled", "expired", "no_show")  # appointments that keep no more than their fee

# A payment only ever moves to a higher rank. Success is above failure and expiry: money that did come is never denied.
RANK: dict[PaymentStatus, int] = {"created": 0, "pending": 1, "failed": 2, "expired": 2, "succeeded": 3}

# Digits after the point, where they are not two. Source: ISO 4217.
_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"

# What failed later, even after success, has come back.
REFUND_RANK: dict[RefundStatus, int] = {"created": 0, "pending": 1, "succeeded": 2, "failed": 3}

Step = Literal["new", "reuse", "repeat", "wait"]
Use = Literal["confirm", "keep", "too_late", "duplicate"]


def required(bill: Bill) -> int:
    """Return what must be paid before the appointment is certain."""
    wanted = {"none": 0, "deposit": bill.deposit_minor, "full": bill.price_minor}[bill.payment]
    return min(wanted, bill.price_minor)


def due(bill: Bill, now: datetime) -> int:
    """Return what is still to be paid online; 0 when nothing is, or the time for it is over."""
    open_ = bill.status == "pending" and (bill.expires_at is None or now < bill.expires_at)
    return max(0, required(bill) - bill.paid_minor) if open_ else 0


def purpose(bill: Bill) -> Purpose:
    """Return what an online payment is for."""
    return "deposit" if bill.payment == "deposit" else "full"


def next_step(latest: Payment | None, *, repeatable: bool, now: datetime) -> Step:
    """Return what asking for a checkout means while one may be open: `repeat` sends the same order again."""
    if latest is None or latest.expires_at is None:
        return "new"
    left = latest.expires_at - now
    if latest.status == "pending":
        return "reuse" if left > timedelta(0) else "new"
    age = CHECKOUT_LIFE - left
    if repeatable:
        return "repeat" if age < REPEAT_FOR else "new"
    return "wait" if age < CALL_LIMIT else "new"


def judge(payment: Payment, told: Told) -> tuple[PaymentStatus, str | None]:
    """Return the state of a payment after the provider's word, and what is wrong.

    Success with another amount or currency than asked for is a failure that somebody must look at.
    """
    status, failure = told.status, told.failure
    if status == "succeeded" and (told.amount_minor, told.currency) != (payment.amount_minor, payment.currency):
        status = "failed"
        failure = f"{told.amount_minor} {told.currency} came, {payment.amount_minor} {payment.currency} was asked for"
    if RANK[status] <= RANK[payment.status]:
        return payment.status, payment.failure
    return status, failure


def use(payment: Payment, bill: Bill, *, others_minor: int) -> Use:
    """Return what a payment that just succeeded is for. `others_minor` is what other payments brought and left."""
    wanted = required(bill)
    if payment.provider == "cash" or payment.purpose == "fee":  # taken knowingly, and perhaps in parts
        enough = payment.purpose != "fee" and others_minor + payment.amount_minor >= wanted
        return "confirm" if enough and bill.status == "pending" else "keep"
    if bill.status in OFF:
        return "too_late"
    if others_minor >= wanted > 0:
        return "duplicate"
    return "confirm" if bill.status == "pending" else "keep"


def refund_due(bill: Bill, held_minor: int) -> int:
    """Return what goes back by policy: what we hold without the fee, once the appointment is off."""
    return max(0, held_minor - bill.fee_minor) if bill.status in OFF else 0


def split_refund(payments: Iterable[Payment], amount_minor: int) -> list[tuple[Payment, int]]:
    """Return which payments give back how much, in their order, never more than is left of each."""
    parts: list[tuple[Payment, int]] = []
    for payment in payments:
        share = min(amount_minor, left(payment))
        if share > 0:
            parts.append((payment, share))
            amount_minor -= share
    return parts


def left(payment: Payment) -> int:
    """Return what has not gone back of what came."""
    return payment.amount_minor - payment.refunded_minor if payment.status == "succeeded" else 0


def digits(currency: str) -> int:
    """Return how many digits of a currency's minor units come after the point."""
    return 0 if currency in _WHOLE.split() else 3 if currency in _THOUSANDTHS.split() else 2


def to_provider(amount_minor: int, *, ours: int, theirs: int) -> int:
    """Return an amount in a provider's units, given the digits that either side counts with.

    Raises:
        PaymentsUnavailable: it has no whole number of them.
    """
    scaled, rest = divmod(amount_minor * 10**theirs, 10**ours)
    if rest:
        raise PaymentsUnavailable(f"{amount_minor} has more digits than the provider takes; round the price")
    return scaled


def page_state(bill: Bill, latest: Payment | None) -> Literal["paid", "waiting", "failed", "gone"]:
    """Return what a customer who comes back from the checkout is shown."""
    if bill.status in ("cancelled", "expired"):
        return "gone"
    if bill.status != "pending":
        return "paid"
    return "failed" if latest is None or latest.status in ("failed", "expired") else "waiting"
