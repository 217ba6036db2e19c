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


class AppointmentUnknown(DomainError):
    """No such appointment, or the token is not its own: both look alike to whoever guesses."""

    def __init__(self, appointment_id: UUID) -> None:
        super().__init__(f"there is no appointment {appointment_id} for this token; use the one its booking returned")


class TokenMissing(DomainError):
    """The request names an appointment and proves nothing."""

    def __init__(self) -> None:
        super().__init__("no token came with the request; send Authorization: Bearer and the token of the booking")


class AppointmentStarted(DomainError):
    """Too late to cancel."""

    def __init__(self, starts_at: datetime) -> None:
        super().__init__(f"the appointment began {starts_at.isoformat(timespec='minutes')}; call the business instead")


class CustomerDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who comes."""

    name: Annotated[str, Meta(min_length=1, max_length=120, pattern=_NAME)]
    email: Annotated[str, Meta(max_length=254, pattern=_EMAIL)]
    phone: Annotated[str, Meta(max_length=32, pattern=_PHONE)] | None = None


class BookingRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wish for one slot. Without an employee, whoever is free and least busy takes it."""

    service: UUID
    starts_at: Annotated[datetime, Meta(tz=True)]
    customer: CustomerDetails
    employee: UUID | None = None


class NewAppointment(msgspec.Struct, frozen=True, kw_only=True):
    """A row to insert."""

    id: UUID
    service_id: UUID
    employee_id: UUID
    customer_id: UUID
    starts_at: datetime
    ends_at: datetime
    occupied_from: datetime
    occupied_until: datetime


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


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a booking: the appointment, the secret that reads and cancels it, and the page for people."""

    appointment: Appointment
    token: str
    manage_url: str
