"""What every payment provider can do, and how it is asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from uuid import UUID

import msgspec

from boka_app.payments.model import Notice, Order, Payment, ProviderAway, ProviderRefused, Refund, RefundTold, Told

if TYPE_CHECKING:
    import httpx

Answer = TypeVar("Answer")
_AGAIN = frozenset({408, 409, 425, 429})  # 409 is Stripe's answer while the same idempotency key is at work


class Envelope(msgspec.Struct, Generic[Answer]):
    """What lists of Stripe and all answers of Paystack come in."""

    data: Answer


class _Error(msgspec.Struct):
    message: str = ""


class _Refusal(msgspec.Struct):
    """How Stripe (`error`) and Paystack (`message`) say no."""

    message: str = ""
    error: _Error = msgspec.field(default_factory=_Error)


class Provider(ABC):
    """A tenant's account at a provider. Calls raise `ProviderAway` or `ProviderRefused`."""

    name: ClassVar[str]
    repeatable: ClassVar[bool]  # the same order may be sent twice and opens one checkout
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, url: str, http: httpx.AsyncClient, secret: str) -> None:
        self._url, self._http, self._secret = url, http, secret

    @staticmethod
    @abstractmethod
    def check(amount_minor: int, currency: str) -> None:
        """Pass what it takes. Raises: PaymentsUnavailable."""

    @staticmethod
    @abstractmethod
    def read(headers: Mapping[str, str], body: bytes, *, secret: str, webhook_secret: str, now: datetime) -> Notice:
        """Verify a webhook and return what it says. Raises: SignatureInvalid."""

    @abstractmethod
    async def start(self, order: Order) -> tuple[str, str]:
        """Open a checkout; return the provider's name for it, and its address."""

    @abstractmethod
    async def look(self, payment: Payment) -> Told:
        """Return what became of a payment."""

    async def close(self, payment: Payment) -> Told:
        """End an open checkout where the provider can; return what became of the payment."""
        return await self.look(payment)

    @abstractmethod
    async def refund(self, payment: Payment, refund: Refund) -> RefundTold:
        """Give money back, or return what became of that: a refund that was asked for is never asked for again."""

    async def _call(self, method: str, path: str, answer_type: type[Answer], key: str = "", **content: Any) -> Answer:  # noqa: ANN401  json, data or params
        """Send one request, `key` making it one that may be repeated; return what the answer holds.

        Raises:
            ProviderAway: no answer, or one that may differ next time. The request may have taken effect.
            ProviderRefused: a definite no.
        """
        import httpx  # noqa: PLC0415  0.6 s and 9 MiB: a worker of the API loads it with its first checkout

        headers = {"Authorization": f"Bearer {self._secret}"} | self.headers
        headers |= {"Idempotency-Key": key} if key else {}
        try:
            answer = await self._http.request(method, f"{self._url}/{path}", headers=headers, **content)
            if answer.status_code in _AGAIN or answer.is_server_error:
                raise ProviderAway(self.name, f"status {answer.status_code}")
            if not answer.is_success:
                told = msgspec.json.decode(answer.content, type=_Refusal)
                text = told.message or told.error.message or f"status {answer.status_code}"
                raise ProviderRefused(self.name, text[:200], looking=method == "GET")
            return msgspec.json.decode(answer.content, type=answer_type)
        except (httpx.HTTPError, msgspec.DecodeError) as err:
            raise ProviderAway(self.name, type(err).__name__) from err


def uuid_or_none(text: object) -> UUID | None:
    """Return the id we once gave, or None for what is another's."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
