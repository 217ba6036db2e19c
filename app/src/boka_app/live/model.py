"""An event as listeners get it, where a listener stands, and why one is turned away."""

from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from boka_app.errors import DomainError


class TooManyListeners(DomainError, kind="live-full", status=503, title="Too many streams"):
    """As many live streams are open as may be; what they show can be read as well."""

    detail = "{} live streams are open here, which is all; come again in some seconds"


class Position(NamedTuple):
    """A place in a tenant's events: a transaction, and an event of it. Written `xid-id`."""

    xid: int
    id: int

    def __str__(self) -> str:
        return f"{self.xid}-{self.id}"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened at a tenant. The payload holds ids and times, no person."""

    xid: int
    id: int
    kind: str
    subject_id: UUID
    at: datetime
    payload: dict[str, Any]

    @property
    def position(self) -> Position:
        """Return its place in the stream."""
        return Position(self.xid, self.id)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody may know: somebody's time is taken, or free again."""

    kind: Literal["taken", "freed"]
    employee: UUID
    starts_at: datetime
    ends_at: datetime
