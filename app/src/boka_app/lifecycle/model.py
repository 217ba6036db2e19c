"""A visit as its rules see it, what may be changed about it, and why a change is refused."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from boka_app.appointments.model import Appointment, AppointmentStarted, BookingRequest
from boka_app.availability.model import UNBOOKABLE
from boka_app.errors import DomainError

By = Literal["customer", "staff", "system"]
Status = Literal["held", "pending", "confirmed", "completed", "cancelled", "expired", "no_show"]
_TEXT = Meta(max_length=2000)


class AppointmentEnded(DomainError, kind="appointment-ended", status=409, title="Not in that state"):
    """The appointment ended or changed meanwhile; the detail names the state it is in."""

    detail = "the appointment is {} and cannot become {}; read it again for what it is now"


class NotBegun(DomainError, kind="not-begun", status=409, title="Not begun"):
    """An appointment is completed or missed from its start on."""

    def __init__(self, starts_at: datetime) -> None:
        super().__init__(f"the appointment begins {starts_at.isoformat(timespec='minutes')}; close it after that")


class MoveRefused(DomainError, kind="move-refused", status=409, title="No more moves"):
    """The business lets customers move a visit only so late and so often."""


UNMOVABLE = (AppointmentStarted, AppointmentEnded, MoveRefused, *UNBOOKABLE)  # for which a move is refused


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One appointment, locked, with the policies of its tenant."""

    id: UUID
    kind: Literal["visit", "session", "seat", "companion"]
    parent_id: UUID | None
    service_id: UUID
    employee_id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Status
    source: str
    expires_at: datetime | None
    price_minor: int
    currency: str
    paid_minor: int
    fee_minor: int
    reschedules: int
    version: int
    cancel_until_minutes: int
    cancel_fee_percent: int
    reschedule_until_minutes: int
    reschedule_limit: int | None
    no_show_fee_percent: int


class Cancellation(msgspec.Struct, frozen=True, kw_only=True):
    """What ending a visit costs, and what of the money paid goes back. Minor units."""

    fee_minor: int
    refund_minor: int


class CancelledAppointment(Appointment, frozen=True, kw_only=True):
    """A cancelled appointment and the money of it."""

    fee_minor: int
    refund_minor: int


class PolicyPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer may do with the visit now. `free_until` is when cancelling begins to cost."""

    fee_minor: int
    refund_minor: int
    currency: str
    free_until: datetime
    time_zone: str
    movable: bool
    moves_left: int | None


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a visit moves to. Without `employee` it stays with whom it is; null also takes somebody else."""

    starts_at: Annotated[datetime, Meta(tz=True)]
    employee: UUID | UnsetType | None = UNSET


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One appointment in the staff's calendar, with whoever comes. Times are in the tenant's zone."""

    id: UUID
    kind: Literal["visit", "session", "seat"]
    parent: UUID | None
    series: UUID | None
    service: UUID
    service_name: str
    employee: UUID
    employee_name: str
    customer: UUID | None
    customer_name: str | None
    customer_email: str | None
    customer_phone: str | None
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    status: Status
    expires_at: datetime | None
    source: str
    notes: str
    special_requests: str
    price_minor: int
    currency: str
    paid_minor: int
    fee_minor: int
    reschedules: int
    cancelled_by: By | None
    cancel_reason: str
    version: int


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What staff change about an appointment; what is left out stays. Null for `employee` takes whoever is free.

    `override_limits` lets a move ignore notice and horizon; `waive_fee` takes back the fee of an ended appointment.
    """

    notes: Annotated[str, _TEXT] | UnsetType = UNSET
    starts_at: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    employee: UUID | UnsetType | None = UNSET
    override_limits: bool = False
    waive_fee: bool = False


class StaffBooking(BookingRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wish of staff for a customer. `override_limits` ignores notice and horizon; a payment is not waited for."""

    override_limits: bool = False


class Ending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why staff end an appointment, and whether the customer is let off the fee."""

    reason: Annotated[str, Meta(max_length=500)] = ""
    waive_fee: bool = False
