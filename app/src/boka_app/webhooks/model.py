"""Where events go, and what became of each; why one is refused."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import Meta

_URL = r"^https?://[\x21-\x7e]+$(?!\n)"
_KIND = r"^[a-z_]+\.[a-z_]+$(?!\n)"


class AddressRefused(Exception):
    """The address leads where webhooks must not go."""


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to deliver which kinds of events; none named means all."""

    url: Annotated[str, Meta(min_length=10, max_length=2000, pattern=_URL)]
    kinds: Annotated[list[Annotated[str, Meta(max_length=60, pattern=_KIND)]], Meta(max_length=50)] = []
    active: bool = True

    def __post_init__(self) -> None:
        """Refuse what is no address of a server."""
        url = urlsplit(self.url)
        if not url.hostname or url.username is not None or url.fragment or (url.port or 1) < 1:
            raise ValueError("an address has a host, and neither a user nor a fragment")


class Endpoint(NewEndpoint, frozen=True, kw_only=True):
    """An endpoint as it stands. It gets nothing before its secret is made, nor while it is not active."""

    id: UUID
    has_secret: bool
    failing_since: datetime | None
    disabled_reason: str | None
    version: int
    created_at: datetime


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """What signs the deliveries: shown this once. Until `previous_until` the one before signs as well."""

    secret: str
    previous_until: datetime | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint."""

    id: UUID
    kind: str
    subject_id: UUID
    status: Literal["queued", "delivered", "retrying", "dead"]
    attempts: int
    due_at: datetime
    response_status: int | None
    failure: str | None
    created_at: datetime
    delivered_at: datetime | None


class Since(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when on events are to be delivered again."""

    since: Annotated[datetime, Meta(tz=True)]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries were queued again."""

    queued: int


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """All that one attempt needs."""

    id: UUID
    endpoint_id: UUID
    attempts: int
    active: bool
    url: str
    secret: bytes | None
    previous_secret: bytes | None
    previous_until: datetime | None
    failing_since: datetime | None
    kind: str
    subject_id: UUID
    payload: dict[str, Any]
    at: datetime
