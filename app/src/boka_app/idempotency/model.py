"""Keys that clients choose so that a repeated request is carried out once."""

import re

from boka_app.errors import DomainError

_KEY = re.compile(r"[\x21-\x7e]{8,255}")


class KeyMissing(DomainError, kind="idempotency-key-missing", status=400, title="Idempotency-Key missing"):
    """Choose a fresh value for each booking and send it again with each repetition, so that none books twice."""


class KeyReused(DomainError, kind="idempotency-key-reused", status=422, title="Idempotency-Key used before"):
    """The key came with another body. A new booking needs a new key."""

    detail = "this Idempotency-Key came before with another body; send a new key for a new booking"


def require_key(value: str | None) -> str:
    """Return the key without the quotes that the draft's structured field has.

    Raises:
        KeyMissing: there is none, or it is too short, too long or not printable.
    """
    key = (value or "").strip('"')
    if _KEY.fullmatch(key) is None:
        raise KeyMissing(
            f"the header Idempotency-Key has {len(key)} characters; send 8 to 255 printable ones, such as a fresh UUID"
        )
    return key
