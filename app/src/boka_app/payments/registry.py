"""Every payment provider by its name. A new one is a file like stripe.py and a line here."""

from boka_app.payments.paystack import Paystack
from boka_app.payments.provider import Provider
from boka_app.payments.stripe import Stripe
from boka_app.settings import Settings

PROVIDERS: dict[str, type[Provider]] = {"stripe": Stripe, "paystack": Paystack}


def url_of(name: str, settings: Settings) -> str:
    """Return where a provider is."""
    return {"stripe": settings.stripe_url, "paystack": settings.paystack_url}[name]
