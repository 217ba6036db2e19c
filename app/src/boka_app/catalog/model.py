"""Services and the people who perform them."""

import itertools
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.conventions import forms
from boka_app.errors import DomainError


class ServiceUnknown(DomainError, kind="service-unknown", status=422, title="No such service"):
    """The service does not exist at this tenant, or is no longer offered."""

    detail = "this tenant offers no service {}; its services list names those it does"


class EmployeeUnknown(DomainError, kind="employee-unknown", status=422, title="Nobody performs it"):
    """No such employee at this tenant, or none who performs the service."""

    def __init__(self, employee_id: UUID | None) -> None:
        who = "nobody" if employee_id is None else f"no employee {employee_id}"
        super().__init__(f"{who} at this tenant performs the service; the employees list says who does what")


class HoursOverlap(DomainError, kind="hours-overlap", status=422, title="Hours overlap"):
    """Spans of one day share time, or one ends before it begins."""

    detail = "the hours {} (minutes since midnight) overlap or end before they begin; join or part them"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be booked. Prices are in minor units (cents)."""

    id: UUID
    name: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    step_minutes: int
    price_minor: int
    currency: str
    payment: Literal["none", "deposit", "full"]


class Employee(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who performs services."""

    id: UUID
    name: str
    services: list[UUID]


_Buffer = Annotated[int, Meta(ge=0, le=240, multiple_of=5)]
_Length = Annotated[int, Meta(ge=5, le=720, multiple_of=5)]


class NewService(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service as staff set it up. `payment` is what must be paid before a booking is confirmed."""

    name: forms.Name
    duration_minutes: _Length
    description: forms.Text = ""
    category: forms.Remark | None = None
    position: Annotated[int, Meta(ge=0, le=10_000)] = 0
    buffer_before_minutes: _Buffer = 0
    buffer_after_minutes: _Buffer = 0
    step_minutes: _Length = 15
    price_minor: forms.Minor = 0
    currency: forms.Currency = "EUR"
    capacity: Annotated[int, Meta(ge=1, le=500)] = 1
    assignment: Literal["any", "round_robin", "all"] = "any"
    min_notice_minutes: forms.Notice | None = None
    horizon_days: forms.Horizon | None = None
    max_per_day: Annotated[int, Meta(ge=1, le=1000)] | None = None
    payment: Literal["none", "deposit", "full"] = "none"
    deposit_minor: forms.Minor = 0
    active: bool = True

    def __post_init__(self) -> None:
        """Hold the members to each other."""
        if self.capacity > 1 and self.assignment == "all":
            raise ValueError("a group has one leader: assignment is any or round_robin where capacity is above 1")
        if self.deposit_minor > self.price_minor:
            raise ValueError(f"deposit_minor is {self.deposit_minor}; the price is only {self.price_minor}")
        due = {"none": 1, "deposit": self.deposit_minor, "full": self.price_minor}[self.payment]
        if due == 0:
            raise ValueError(f"payment is {self.payment} and the amount of it is 0; set it, or ask for no payment")


class ServiceSetup(NewService, frozen=True, kw_only=True):
    """A service whole, as staff see it."""

    id: UUID
    version: int
    updated_at: datetime


class ServicePrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price instead of the service's: for one employee, a span of dates, or both."""

    price_minor: forms.Minor
    employee_id: UUID | None = None
    valid_from: date | None = None
    valid_until: date | None = None

    def __post_init__(self) -> None:
        """Hold the dates to each other."""
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError(f"valid_until is {self.valid_until}, before valid_from {self.valid_from}")


class NewEmployee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who takes bookings; `max_per_day` bounds how many on one date."""

    name: forms.Name
    email: forms.Email | None = None
    max_per_day: Annotated[int, Meta(ge=1, le=200)] | None = None
    active: bool = True


class EmployeeSetup(NewEmployee, frozen=True, kw_only=True):
    """An employee whole, as staff see one."""

    id: UUID
    version: int
    updated_at: datetime


class Skill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service that an employee performs."""

    service_id: UUID


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A span of one day in local wall time, in minutes since midnight."""

    opens_minute: forms.MinuteOfDay
    closes_minute: forms.MinuteOfDay


class WeeklyHours(Hours, frozen=True, kw_only=True):
    """Hours of every such day; 1 is Monday, as ISO 8601 has it."""

    weekday: Annotated[int, Meta(ge=1, le=7)]


class DateHours(Hours, frozen=True, kw_only=True):
    """Hours of one date instead of the weekly ones; opening and closing at 0 is a day off."""

    on_date: date


class NewBlockedSlot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time off: of one employee, or of all."""

    starts_at: forms.Moment
    ends_at: forms.Moment
    employee_id: UUID | None = None
    reason: forms.Remark = ""

    def __post_init__(self) -> None:
        """Hold the end to the start."""
        if not 0 < (self.ends_at - self.starts_at).total_seconds() <= 366 * 86_400:
            raise ValueError("ends_at is not within the 366 days after starts_at; part a longer absence")


class BlockedSlot(NewBlockedSlot, frozen=True, kw_only=True):
    """Time off as staff see it."""

    id: UUID
    version: int


def check_apart(hours: Sequence[Hours]) -> None:
    """Pass hours that share no time.

    Raises:
        HoursOverlap: two of one day do, or a span is empty.
    """
    spans = sorted((getattr(each, "weekday", 0), each.opens_minute, each.closes_minute) for each in hours)
    for _, opens, closes in spans:
        if opens >= closes:
            raise HoursOverlap(f"{opens}-{closes}")
    for (day, opens, closes), (next_day, next_opens, next_closes) in itertools.pairwise(spans):
        if day == next_day and next_opens < closes:
            raise HoursOverlap(f"{opens}-{closes} and {next_opens}-{next_closes}")
