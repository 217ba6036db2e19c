"""The addresses that messages lead to, and the signature that lets a customer unsubscribe without an account."""

import hmac
from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

from boka_app.appointments import tokens
from boka_app.messages.model import Subject
from boka_app.settings import Settings


def links(settings: Settings, subject: Subject, account_link: str | None) -> dict[str, Any]:
    """Return what a template calls `links`; only those that there are."""
    pages, key = f"{settings.public_url}/b/{subject.tenant_slug}", settings.signing_key
    found = {"book": pages, "account": account_link}
    if subject.appointment_id is not None:
        token = tokens.sign(key, subject.tenant_id, subject.appointment_id)
        found["manage"] = f"{pages}/appointments/{subject.appointment_id}/{token}"
    if subject.customer_id is not None:
        found["unsubscribe"] = (
            f"{pages}/unsubscribe/{subject.customer_id}/{sign(key, subject.tenant_id, subject.customer_id)}"
        )
    return {name: address for name, address in found.items() if address is not None}


def sign(key: bytes, tenant_id: UUID, customer_id: UUID) -> str:
    """Return what proves that a customer's own mail led here."""
    message = b"unsubscribe\0" + tenant_id.bytes + customer_id.bytes
    return urlsafe_b64encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode()


def matches(settings: Settings, tenant_id: UUID, customer_id: UUID, token: str) -> bool:
    """Tell whether the token is this customer's; links of a key that was replaced go on working."""
    expected = [sign(key, tenant_id, customer_id).encode() for key in settings.signing_keys]
    return any(hmac.compare_digest(each, token.encode()) for each in expected)
