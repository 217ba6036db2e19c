"""The addresses that messages lead to, each with the signature that stands for a log-in."""

from typing import Any
from uuid import UUID

from boka_app.appointments import tokens
from boka_app.messages.model import Subject
from boka_app.settings import Settings

UNSUBSCRIBE = "unsubscribe"  # the purpose of its token


def links(settings: Settings, subject: Subject, account_link: str | None) -> dict[str, Any]:
    """Return what a template calls `links`; only those that there are."""
    pages = f"{settings.public_url}/b/{subject.tenant_slug}"
    found: dict[str, Any] = {"book": pages}

    def signed(path: str, thing: UUID, purpose: str) -> str:
        return f"{pages}/{path}/{thing}/{tokens.sign(settings.signing_key, subject.tenant_id, thing, purpose=purpose)}"

    if account_link is not None:
        found["account"] = account_link
    if subject.kind == "waitlist.offered":
        found["manage"] = signed("waitlist", subject.subject_id, "waitlist")
    elif subject.appointment_id is not None:
        found["manage"] = signed("appointments", subject.appointment_id, "appointment")
    if subject.customer_id is not None:
        found["unsubscribe"] = signed("unsubscribe", subject.customer_id, UNSUBSCRIBE)
    return found
