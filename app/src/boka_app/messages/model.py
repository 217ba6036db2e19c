"""Messages, their words and channels, as the API shows them; and why one is refused."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.conventions.forms import Locale
from boka_app.errors import DomainError

Channel = Literal["email", "sms", "chat"]
Status = Literal["queued", "sending", "sent", "dead", "suppressed", "cancelled"]
_LINE = r"^[^\x00-\x1f\x7f]*$(?!\n)"  # no line end: nothing a tenant writes begins another header


class TemplateBroken(ValueError):
    """The words cannot be made of the template."""

    def __init__(self, part: str, fault: str) -> None:
        super().__init__(f"{part} cannot be filled in: {fault}")


class ChannelRefused(DomainError, kind="channel-refused", status=422, title="Channel not accepted"):
    """Chat goes to services with hosts of their own only, in Apprise's form."""


class NotificationOpen(DomainError, kind="notification-open", status=409, title="Still on its way"):
    """Only a message that ended can be sent again."""

    detail = "the message is {}; only one that ended can be sent again"


class Refused(Exception):
    """The other end will not take this message, now or later. The text holds no person."""


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words of one message in one language. `subject` and `html_body` count for e-mail only."""

    kind: Annotated[str, Meta(max_length=60)]
    channel: Channel
    locale: Locale
    subject: Annotated[str, Meta(max_length=200, pattern=_LINE)] = ""
    text_body: Annotated[str, Meta(min_length=1, max_length=20_000)]
    html_body: Annotated[str, Meta(max_length=100_000)] | None = None


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A message with everything filled in."""

    subject: str
    text: str
    html: str | None


class ChannelBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to reach an SMS provider (account, token, sender) or the staff's chat (address, as Apprise writes it)."""

    account: Annotated[str, Meta(max_length=100, pattern=r"^[A-Za-z0-9_-]*$(?!\n)")] = ""
    token: Annotated[str, Meta(max_length=200, pattern=_LINE)] = ""
    sender: Annotated[str, Meta(max_length=20, pattern=_LINE)] = ""
    address: Annotated[str, Meta(max_length=1000, pattern=_LINE)] = ""
    active: bool = True


class ChannelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that is set up, without its secrets."""

    channel: Channel
    active: bool
    updated_at: datetime
    version: int


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one person; its words and address are made when it is sent."""

    id: UUID
    kind: str
    channel: Channel
    subject_id: UUID
    appointment_id: UUID | None
    customer_id: UUID | None
    status: Status
    attempts: int
    due_at: datetime
    sent_at: datetime | None
    failure: str | None
    created_at: datetime


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment, as far as it decides which messages there are."""

    id: UUID
    customer_id: UUID
    series_id: UUID | None
    starts_at: datetime
    status: str
    has_phone: bool


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """All that a message may tell, read when it is sent."""

    id: UUID
    tenant_id: UUID
    kind: str
    channel: Channel
    subject_id: UUID
    attempts: int  # before this one
    secret: bytes | None
    tenant_slug: str
    tenant_name: str
    tenant_email: str | None
    tenant_locale: str
    time_zone: str
    appointment_id: UUID | None
    starts_at: datetime | None
    status: str | None
    service_name: str | None
    employee_name: str | None
    offer_until: datetime | None
    amount_minor: int | None
    currency: str | None
    customer_id: UUID | None
    customer_name: str | None
    customer_email: str | None
    customer_phone: str | None
    customer_locale: str | None
    customer_zone: str | None
    unsubscribed: bool
    erased: bool
    account_name: str | None
    account_email: str | None
    channel_configuration: bytes | None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt ended; `sending` is tried again."""

    status: Status
    provider_ref: str | None = None
    failure: str | None = None
