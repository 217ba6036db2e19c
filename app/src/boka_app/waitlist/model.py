"""A place in the queue for a free start, and why one is refused."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.appointments.model import CustomerDetails
from boka_app.errors import DomainError


class WaitlistUnknown(DomainError, kind="waitlist-unknown", status=404, title="No such place"):
    """There is none of that id, or the token is another's."""

    detail = "there is no place {} on the waitlist for this token; use the one joining returned"


class NothingOffered(DomainError, kind="nothing-offered", status=409, title="No offer"):
    """Nothing is held any more, or it was no offer of the waitlist."""

    detail = "the appointment is {}, and not held for somebody on the waitlist; wait for an offer"


class JoinRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wish to be offered a start that becomes free from `earliest` to `latest`, with one employee or anybody."""

    service: UUID
    earliest: Annotated[datetime, Meta(tz=True)]
    latest: Annotated[datetime, Meta(tz=True)]
    customer: CustomerDetails
    employee: UUID | None = None


class WaitlistEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the queue. Times are in the tenant's zone.

    While `offered`, `starts_at` is held until `offer_until`: `appointment_token` accepts, or cancels, `appointment`.
    """

    id: UUID
    service: UUID
    employee: UUID | None
    earliest: datetime
    latest: datetime
    status: Literal["waiting", "offered", "booked", "expired", "left"]
    offer_until: datetime | None
    appointment: UUID | None
    appointment_token: str | None = None
    starts_at: datetime | None
    time_zone: str
    created_at: datetime


class StaffWaitlistEntry(WaitlistEntry, frozen=True, kw_only=True):
    """A place in the queue and whose it is."""

    customer: UUID
    customer_name: str
    customer_email: str


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to joining: the place, and the secret that shows it, takes its offer and leaves it."""

    entry: WaitlistEntry
    token: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Whose turn it is."""

    id: UUID
    customer_id: UUID
    service_id: UUID
    employee_id: UUID | None
