"""Where events go, and what became of each; why one is refused."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import Meta

_URL = r"^https?://[\x21-\x7e]+$(?!\n)"
_KIND = r"^[a-z_]+\.[a-z_]+$(?!\n)"


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
    response_status: int | None
    failure: str | None
    created_at: datetime
    delivered_at: datetime | None


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to deliver again: one delivery, or every event since a time."""

    delivery: UUID | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        """Refuse both, and neither."""
        if (self.delivery is None) == (self.since is None):
            raise ValueError("it names either delivery or since")


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries were queued again."""

    queued: int


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """All that one attempt needs."""

    id: UUID
    endpoint_id: UUID
    attempts: int  # before this one
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


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt ended. `disables` is why the endpoint gets no more, if it does not."""

    status: Literal["delivered", "retrying", "dead"]
    response_status: int | None = None
    failure: str | None = None
    disables: str | None = None
    again_after: timedelta | None = None
