"""A visit as calendars show it, a busy time read from one, a connection to one, and why one is refused."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.errors import DomainError


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


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The span that is read; `zone` is where days without a zone begin."""

    begin: datetime
    end: datetime
    zone: str


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a calendar says: busy times that are new or changed, names of events that are neither any more.

    `state` is what to ask with next time. `whole`: it is all there is, and whatever is not in it is gone.
    """

    busy: list[Busy]
    gone: list[str]
    state: str
    whole: bool


class Tokens(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What lets us use somebody's calendar."""

    access: str
    refresh: str
    expires_at: datetime


class Grant(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a consent page gave, until a job has made tokens of it."""

    code: str
    verifier: str


class Feed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Where a calendar can be read by whoever knows the address."""

    url: str


Secret = Tokens | Grant | Feed  # one of them, as JSON, is sealed in a connection's credentials


class SyncState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the last reading stopped: the other side's word for it, and until when it had read."""

    token: str
    until: datetime


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is at a provider, agreeing. `asked_by` is the session that went there."""

    employee_id: UUID
    provider: str
    writes_events: bool
    verifier: bytes
    asked_by: UUID
    expires_at: datetime


class CalendarConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar elsewhere, as staff see it. Its address and tokens are never told."""

    id: UUID
    employee: UUID
    provider: Literal["google", "microsoft", "ics"]
    status: Literal["connecting", "connected", "failing", "revoked"]
    calendar: str
    writes_events: bool
    last_synced_at: datetime | None
    failing_since: datetime | None
    failure: str | None
    created_at: datetime
    version: int


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that one job has for itself, and what it must know of the tenant."""

    id: UUID
    employee_id: UUID
    provider: str
    status: str
    credentials: bytes
    calendar_ref: str
    sync_token: str | None
    writes_events: bool
    failures: int
    leased_until: datetime
    removing_since: datetime | None
    time_zone: str
    horizon_days: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How speaking to the other side went."""

    status: str
    failures: int
    failure: str | None
    next_sync_at: datetime


class OurEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that stands elsewhere not as it is here, and as which event. Not `wanted`: it must go there.

    `remote_ref` is None until it stands there.
    """

    appointment_id: UUID
    version: int
    request_id: UUID
    remote_ref: str | None
    starts_at: datetime
    ends_at: datetime
    tentative: bool
    summary: str
    description: str
    wanted: bool


class RemoteFailed(Exception):
    """The other side does not do what we ask now; the text is for whoever connected it."""

    status = "failing"  # of the connection from now on
    pause_s = 0  # how long it asks us to wait


class Unauthorized(RemoteFailed):
    """The access token is not accepted: worth one refresh."""


class Revoked(RemoteFailed):
    """Nothing helps but a new consent."""

    status = "revoked"


class Throttled(RemoteFailed):
    """We ask too often."""

    def __init__(self, text: str, pause_s: int) -> None:
        super().__init__(text)
        self.pause_s = pause_s


class FeedRefused(RemoteFailed):
    """A feed cannot be read."""


class FeedRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wish to heed a calendar that is published at an address."""

    employee: UUID
    url: Annotated[str, Meta(min_length=10, max_length=2000)]


class ConsentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wish to connect an account's calendar."""

    provider: Literal["google", "microsoft"]
    employee: UUID
    writes_events: bool = False


class ConsentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Where to send the browser now."""

    authorize_url: str


class FeedLink(msgspec.Struct, frozen=True, kw_only=True):
    """An address for calendar programs; whoever has it can read."""

    url: str


class CalendarUnknown(DomainError, kind="calendar-unknown", status=404, title="No such calendar"):
    """The business has no connected calendar of that id."""

    detail = "this tenant has no calendar {}; its calendars list names those it has"


class FeedUnknown(DomainError, kind="feed-unknown", status=404, title="No such feed"):
    """The link was taken back, or not copied whole; ask for a new one."""

    detail = "this link leads to no calendar; it was taken back, or not copied whole"


class ProviderMissing(DomainError, kind="provider-missing", status=422, title="Provider not offered"):
    """The site is not registered there; connect the calendar by its address instead."""

    detail = "this site is not registered with {}; connect the calendar by its address instead"


class ConsentInvalid(DomainError, kind="consent-invalid", status=403, title="Consent does not count"):
    """It is no answer to what the session asked, or came late or twice. Begin again."""

    detail = "{}; begin again at the calendars list"
