"""A payment, its refunds, the account it goes to, what a provider says of it, and why one is refused."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.errors import DomainError

ProviderName = Literal["stripe", "paystack"]
Purpose = Literal["deposit", "full", "fee"]
PaymentStatus = Literal["created", "pending", "succeeded", "failed", "expired"]
RefundStatus = Literal["created", "pending", "succeeded", "failed"]
RefundReason = Literal["cancelled", "too_late", "staff", "duplicate"]
_Secret = Annotated[str, Meta(min_length=8, max_length=255, pattern=r"^[\x21-\x7e]+$(?!\n)")]
_Amount = Annotated[int, Meta(ge=1, le=2_000_000_000)]  # as far as the column's integer goes


class PaymentUnknown(DomainError, kind="payment-unknown", status=404, title="No such payment"):
    """The business has no payment of that id."""

    detail = "there is no payment {} here; list the payments for those there are"


class AccountUnknown(DomainError, kind="payment-account-unknown", status=404, title="No such account"):
    """The business has no account at that provider."""

    detail = "there is no account at {!r}; set up one at stripe or paystack"


class AccountInUse(DomainError, kind="payment-account-in-use", status=409, title="Account in use"):
    """Payments or refunds are on their way through it. Set it inactive, remove it later."""

    detail = "payments or refunds at {} are under way; set it inactive now, remove it later"


class WebhookSecretMissing(DomainError, kind="webhook-secret-missing", status=422, title="Webhook secret missing"):
    """Stripe shows it beside the webhook endpoint; without it no event is believed."""

    detail = "an account at Stripe needs webhook_secret; Stripe shows it beside the webhook endpoint"


class PaymentNotDue(DomainError, kind="payment-not-due", status=409, title="Nothing to pay"):
    """The appointment is paid, needs no payment, or is not held."""

    detail = "the appointment is {} and waits for no payment; read it for what it is now"


class PaymentsUnavailable(DomainError, kind="payments-unavailable", status=422, title="No payment online"):
    """The business takes no money online, or not this amount in this currency."""


class PaymentStarting(DomainError, kind="payment-starting", status=409, title="Checkout is opening"):
    """Another request opens it; repeat in some seconds."""

    retry_after_s = 5
    detail = "another request is opening the checkout; repeat this one in some seconds"


class ProviderAway(DomainError, kind="provider-away", status=503, title="Payment provider away"):
    """It did not answer. Nothing was charged; try again."""

    retry_after_s = 20

    detail = "{} does not answer ({}); nothing was charged, try again in half a minute"


class ProviderRefused(DomainError, kind="provider-refused", status=502, title="Payment provider refuses"):
    """Its answer is in detail. The business may have to look at its account there."""

    def __init__(self, provider: str, what: str, *, looking: bool = False) -> None:
        super().__init__(f"{provider} refuses: {what}")
        self.looking = looking  # the refused request would have changed nothing there


UNPAYABLE = (PaymentNotDue, PaymentStarting, PaymentsUnavailable, ProviderRefused, ProviderAway)  # of a checkout


class SignatureInvalid(DomainError, kind="webhook-signature", status=400, title="Signature does not count"):
    """The event was changed on its way, is too old, or another secret signed it."""

    detail = "the webhook's signature does not count: {}; check the account's webhook secret"


class RefundTooMuch(DomainError, kind="refund-too-much", status=422, title="More than is left"):
    """Refunds of a payment add up to the payment at most."""

    detail = "{} is to go back and {} of the payment is left; ask for that at most"


class AccountSetup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the tenant enters of its account: the secret key, at Stripe also the webhook endpoint's secret."""

    secret: _Secret
    webhook_secret: _Secret | None = None
    active: bool = True


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account, without its secrets. `webhook_url` is what to enter at the provider."""

    provider: ProviderName
    active: bool
    webhook_url: str
    updated_at: datetime


class SealedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A row, its secrets encrypted."""

    provider: ProviderName
    secret: bytes
    webhook_secret: bytes | None
    active: bool
    updated_at: datetime
    version: int


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """Money asked for, or received. `refunded_minor` is what went back or is on its way back."""

    id: UUID
    appointment_id: UUID
    provider: Literal["stripe", "paystack", "cash"]
    provider_ref: str | None = None
    purpose: Purpose
    amount_minor: int
    refunded_minor: int = 0
    currency: str
    status: PaymentStatus
    checkout_url: str | None = None
    failure: str | None = None
    expires_at: datetime | None = None
    created_at: datetime
    version: int = 1


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money that goes back."""

    id: UUID
    payment_id: UUID
    amount_minor: int
    reason: RefundReason
    status: RefundStatus
    provider_ref: str | None
    failure: str | None
    created_at: datetime


class PaymentDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A payment with what went back of it."""

    payment: Payment
    refunds: list[Refund]


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """Where the customer pays, and until when."""

    payment: UUID
    url: str
    amount_minor: int
    currency: str
    expires_at: datetime


class CashPayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money that staff took by hand."""

    appointment: UUID
    amount_minor: _Amount
    purpose: Purpose = "full"


class RefundWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much goes back; all that is left unless told."""

    amount_minor: _Amount | None = None


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What an appointment costs and what its service wants before."""

    status: str
    payment: Literal["none", "deposit", "full"]
    price_minor: int
    deposit_minor: int
    paid_minor: int
    fee_minor: int
    currency: str
    service_name: str
    email: str | None
    expires_at: datetime | None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider needs to open a checkout. The same payment gives the same order."""

    payment: Payment
    title: str
    email: str
    return_url: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of a payment. Amount and currency come with success, in our minor units."""

    status: PaymentStatus
    ref: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    failure: str | None = None


class RefundTold(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of a refund."""

    status: RefundStatus
    ref: str | None
    failure: str | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A verified webhook. Without `told` and `refund_told` it is a reason to ask the provider, no more."""

    event_id: str
    kind: str
    payment_id: UUID | None = None
    told: Told | None = None
    refund_id: UUID | None = None
    refund_told: RefundTold | None = None
