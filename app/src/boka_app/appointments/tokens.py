"""The secret that proves an appointment is one's own.

It is a signature, not a stored random: a repeated request gets the same token without one lying in the database.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from uuid import UUID


def sign(key: bytes, tenant_id: UUID, thing_id: UUID, *, purpose: str = "appointment") -> str:
    """Return the token of an appointment, or of a series or another thing: 43 characters safe in addresses."""
    message = purpose.encode() + b"\0" + tenant_id.bytes + thing_id.bytes
    return urlsafe_b64encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode()


def matches(key: bytes, tenant_id: UUID, thing_id: UUID, token: str, *, purpose: str = "appointment") -> bool:
    """Tell whether the token is this thing's, in a time that tells nothing."""
    return hmac.compare_digest(sign(key, tenant_id, thing_id, purpose=purpose).encode(), token.encode())


def require(
    keys: Iterable[bytes],
    tenant_id: UUID,
    thing_id: UUID,
    token: str,
    unknown: Callable[[UUID], Exception],
    *,
    purpose: str = "appointment",
) -> None:
    """Pass whoever has this thing's token, signed by any of the keys; raise what `unknown` makes of the id."""
    if not any(matches(key, tenant_id, thing_id, token, purpose=purpose) for key in keys):
        raise unknown(thing_id)
