"""Every payment provider by its name. A new one is a file like stripe.py and a line here."""

from typing import TYPE_CHECKING

from boka_app.parts import Parts
from boka_app.payments.model import SealedAccount
from boka_app.payments.paystack import Paystack
from boka_app.payments.provider import Provider
from boka_app.payments.stripe import Stripe

if TYPE_CHECKING:
    import httpx  # loaded by whoever asks a provider

PROVIDERS: dict[str, type[Provider]] = {"stripe": Stripe, "paystack": Paystack}


def account_at(parts: Parts, http: "httpx.AsyncClient", account: SealedAccount) -> Provider:
    """Return a tenant's account as it can be spoken to."""
    url = {"stripe": parts.settings.stripe_url, "paystack": parts.settings.paystack_url}[account.provider]
    return PROVIDERS[account.provider](url, http, parts.vault.open(account.secret))
