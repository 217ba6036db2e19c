"""What every payment provider can do, and those there are. A new one is a file like stripe.py and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from boka_app.payments.model import Notice, Order, Payment, ProviderAway, ProviderRefused, Refund, RefundTold, Told

if TYPE_CHECKING:
    import httpx  # 0.6 s and 9 MiB: an API worker loads it when it opens its first checkout

Answer = TypeVar("Answer")
_AGAIN = frozenset({408, 409, 425, 429})  # 409 is Stripe's answer while the same idempotency key is at work


class _Error(msgspec.Struct):
    message: str = ""


class _Refusal(msgspec.Struct):
    """How Stripe (`error`) and Paystack (`message`) say no."""

    message: str = ""
    error: _Error = msgspec.field(default_factory=_Error)


class Provider(Protocol):
    """One provider. Calls take the tenant's secret key and raise `ProviderAway` or `ProviderRefused`."""

    repeatable: bool  # the same order may be sent twice and opens one checkout

    def check(self, amount_minor: int, currency: str) -> None:
        """Pass what it takes. Raises: PaymentsUnavailable."""
        ...

    async def start(self, http: httpx.AsyncClient, secret: str, order: Order) -> tuple[str, str]:
        """Open a checkout; return the provider's name for it, and its address."""
        ...

    async def look(self, http: httpx.AsyncClient, secret: str, payment: Payment) -> Told:
        """Return what became of a payment."""
        ...

    async def close(self, http: httpx.AsyncClient, secret: str, payment: Payment) -> Told:
        """End an open checkout if the provider can; return what became of the payment."""
        ...

    async def refund(self, http: httpx.AsyncClient, secret: str, payment: Payment, refund: Refund) -> RefundTold:
        """Give money back, or return what became of that: a refund that was asked for is never asked for again."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes, *, keys: tuple[str, str | None], now: datetime) -> Notice:
        """Verify a webhook and return what it says. Raises: SignatureInvalid."""
        ...


def providers(stripe_url: str, paystack_url: str) -> dict[str, Provider]:
    """Return every provider by its name."""
    from boka_app.payments.paystack import Paystack  # noqa: PLC0415  they build on this module
    from boka_app.payments.stripe import Stripe  # noqa: PLC0415

    return {"stripe": Stripe(stripe_url), "paystack": Paystack(paystack_url)}


async def call(
    http: httpx.AsyncClient,
    name: str,
    request: tuple[str, str],
    secret: str,
    answer_type: type[Answer],
    **content: Any,  # noqa: ANN401  headers, json, data or params
) -> Answer:
    """Send one request, `request` being method and address; return what the answer holds.

    Raises:
        ProviderAway: no answer, or one that may differ next time. The request may have taken effect.
        ProviderRefused: a definite no.
    """
    import httpx  # noqa: PLC0415  see above

    headers = {"Authorization": f"Bearer {secret}"} | content.pop("headers", {})
    try:
        answer = await http.request(*request, headers=headers, **content)
        if answer.status_code in _AGAIN or answer.is_server_error:
            raise ProviderAway(name, f"status {answer.status_code}")
        if not answer.is_success:
            told = msgspec.json.decode(answer.content, type=_Refusal)
            raise ProviderRefused(name, (told.message or told.error.message or f"status {answer.status_code}")[:200])
        return msgspec.json.decode(answer.content, type=answer_type)
    except (httpx.HTTPError, msgspec.DecodeError) as err:
        raise ProviderAway(name, type(err).__name__) from err


def uuid_or_none(text: object) -> UUID | None:
    """Return the id we once gave, or None for what is another's."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
