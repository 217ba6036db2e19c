"""What decides without looking: links that prove themselves, and when a calendar is asked again."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

_TAG_BYTES = 16  # of HMAC-SHA256: nobody guesses 128 bits, and the address stays short
EVERY = timedelta(minutes=10)
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=2)


def feed_token(key: bytes, tenant_id: UUID, subject_id: UUID, generation: int) -> str:
    """Return the secret of a feed: of an employee, or of one appointment."""
    content = subject_id.bytes + generation.to_bytes(4, "big")
    return urlsafe_b64encode(content + _tag(key, b"feed", tenant_id.bytes + content)).rstrip(b"=").decode()


def read_feed_token(keys: Iterable[bytes], tenant_id: UUID, token: str) -> tuple[UUID, int] | None:
    """Return whose feed it is and of which generation; None if no key of ours signed it."""
    content = _open(keys, b"feed", token, before=tenant_id.bytes)
    return None if content is None else (UUID(bytes=content[:16]), int.from_bytes(content[16:], "big"))


def consent_state(key: bytes, tenant_id: UUID, consent_id: UUID) -> str:
    """Return what a provider hands back beside the code, so that we know what the answer belongs to."""
    content = tenant_id.bytes + consent_id.bytes
    return urlsafe_b64encode(content + _tag(key, b"consent", content)).rstrip(b"=").decode()


def read_consent_state(keys: Iterable[bytes], state: str) -> tuple[UUID, UUID] | None:
    """Return the tenant and the consent; None if no key of ours signed it."""
    content = _open(keys, b"consent", state)
    return None if content is None else (UUID(bytes=content[:16]), UUID(bytes=content[16:]))


def pause(failures: int, asked: timedelta | None = None) -> timedelta:
    """Return how long to wait: longer with each failure in a row, and never less than the other side asked for."""
    grown = EVERY if failures == 0 else min(_FIRST * 2 ** min(failures - 1, 10), _LONGEST)
    return max(grown, asked or timedelta())


def _open(keys: Iterable[bytes], purpose: bytes, token: str, *, before: bytes = b"") -> bytes | None:
    try:
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    content, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
    if len(content) not in (20, 32):  # a feed's, a consent's
        return None
    return content if any(hmac.compare_digest(tag, _tag(key, purpose, before + content)) for key in keys) else None


def _tag(key: bytes, purpose: bytes, content: bytes) -> bytes:
    return hmac.digest(key, b"calendar " + purpose + b"\0" + content, "sha256")[:_TAG_BYTES]
