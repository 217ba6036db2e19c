"""A visit as calendars show it, a busy time read from one, a connection to one, and why one is refused."""

from datetime import datetime
from uuid import UUID

import msgspec


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One event of ours, in its words for whoever reads the calendar."""

    id: UUID
    version: int
    status: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    created_at: datetime
    updated_at: datetime
    summary: str
    description: str
    location: str


class Busy(msgspec.Struct, frozen=True, kw_only=True):
    """A span of time that another calendar keeps. `uid` is that calendar's name for the event."""

    uid: str
    starts_at: datetime
    ends_at: datetime


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What lets us use somebody's calendar. Sealed before it reaches a row."""

    access: str
    refresh: str
    expires_at: datetime


class OurEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A visit to be written elsewhere, and as which event there. `remote_ref` is None until it stands there."""

    appointment_id: UUID
    version: int
    request_id: UUID
    remote_ref: str | None
    starts_at: datetime
    ends_at: datetime
    tentative: bool
    summary: str
    description: str


class RemoteFailed(Exception):
    """The other side does not do what we ask now; the text is for whoever connected it."""


class Unauthorized(RemoteFailed):
    """The access token is not accepted: worth one refresh."""


class Revoked(RemoteFailed):
    """Nothing helps but a new consent."""


class Throttled(RemoteFailed):
    """We ask too often."""

    def __init__(self, text: str, pause_s: int) -> None:
        super().__init__(text)
        self.pause_s = pause_s


class FeedRefused(RemoteFailed):
    """A feed cannot be read."""
