"""An appointment, the wish for one, and why one is refused."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.errors import DomainError

# Each ends in `(?!\n)`: `$` alone lets a line end through, which would split a mail's header one day.
_NAME = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$(?!\n)"
_EMAIL = r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+\.[^@\s\x00-\x1f\x7f]+$(?!\n)"
_PHONE = r"^[0-9+() ./-]{3,}$(?!\n)"

FORM_BY_POINTER = {  # what a pattern means, for those who read the refusal
    "/customer/name": "a name has 1 to 120 characters, none of them a control character",
    "/customer/email": "an e-mail address looks like name@example.org",
    "/customer/phone": "a phone number has 3 to 32 digits, spaces and + ( ) . / -",
}


class AppointmentUnknown(DomainError, kind="appointment-unknown", status=404, title="No such appointment"):
    """There is none of that id, or the token is not the one its booking returned."""

    def __init__(self, appointment_id: UUID) -> None:
        super().__init__(f"there is no appointment {appointment_id} for this token; use the one its booking returned")


class TokenMissing(DomainError, kind="token-missing", status=401, title="Token missing"):
    """Send Authorization: Bearer and the token that the booking returned."""

    detail = "no token came with the request; send Authorization: Bearer and the token of the booking"


class AppointmentStarted(DomainError, kind="appointment-started", status=409, title="Already begun"):
    """An appointment can be cancelled until it begins."""

    def __init__(self, starts_at: datetime) -> None:
        super().__init__(f"the appointment began {starts_at.isoformat(timespec='minutes')}; call the business instead")


class HoldOver(DomainError, kind="hold-over", status=409, title="Hold over"):
    """It expired, was given up or used, its token is another's, or the slot is not the one held."""

    def __init__(self, hold_id: UUID) -> None:
        super().__init__(f"the hold {hold_id} is over, or of another slot; book without it, or hold a slot again")


NOT_ONES_OWN = (TokenMissing, AppointmentUnknown)  # for which a customer's token is refused


class CustomerDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who comes."""

    name: Annotated[str, Meta(min_length=1, max_length=120, pattern=_NAME)]
    email: Annotated[str, Meta(max_length=254, pattern=_EMAIL)]
    phone: Annotated[str, Meta(max_length=32, pattern=_PHONE)] | None = None


class HoldRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wish to keep one slot for a few minutes. Without an employee, whoever's turn it is takes it."""

    service: UUID
    starts_at: Annotated[datetime, Meta(tz=True)]
    employee: UUID | None = None


class BookingRequest(HoldRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wish for one slot. A hold of it is named together with its token, and becomes the appointment."""

    customer: CustomerDetails
    notes: Annotated[str, Meta(max_length=2000)] = ""
    special_requests: Annotated[str, Meta(max_length=2000)] = ""
    hold: UUID | None = None
    hold_token: Annotated[str, Meta(max_length=200)] = ""


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """A booked visit, as its owner sees it. Times are in the tenant's zone."""

    id: UUID
    tenant_name: str
    service: UUID
    service_name: str
    employee: UUID
    employee_name: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    status: Literal["held", "pending", "confirmed", "completed", "cancelled", "expired", "no_show"]
    expires_at: datetime | None = None
    price_minor: int = 0
    currency: str = "EUR"
    version: int = 1


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a booking: the appointment, the secret that reads and cancels it, and the page for people."""

    appointment: Appointment
    token: str
    manage_url: str


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a hold: the slot, for how long it is kept, and the secret that books it or gives it up."""

    hold: Appointment
    token: str
    expires_at: datetime
    expires_in_seconds: int


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """What booking answers: the appointment, times in UTC, and the calendar version of each employee it moved."""

    appointment: Appointment
    versions: dict[UUID, int]
    replayed: bool
