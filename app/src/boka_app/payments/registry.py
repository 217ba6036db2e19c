"""Every payment provider by its name. A new one is a file like stripe.py and a line here."""

from typing import TYPE_CHECKING

from boka_app.payments.paystack import Paystack
from boka_app.payments.provider import Provider
from boka_app.payments.stripe import Stripe
from boka_app.settings import Settings

if TYPE_CHECKING:
    import httpx  # loaded by whoever asks a provider

PROVIDERS: dict[str, type[Provider]] = {"stripe": Stripe, "paystack": Paystack}


def account_at(name: str, settings: Settings, http: "httpx.AsyncClient", secret: str) -> Provider:
    """Return a tenant's account at a provider."""
    url = {"stripe": settings.stripe_url, "paystack": settings.paystack_url}[name]
    return PROVIDERS[name](url, http, secret)
