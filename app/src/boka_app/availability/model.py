"""Calendars, free slots, and the reasons why a time cannot be booked."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from boka_app.catalog.model import Service
from boka_app.errors import DomainError
from boka_app.tenants.model import Tenant

Order = Literal["time", "compact"]


class RangeInvalid(DomainError):
    """The asked range of dates is empty or too long."""


class SlotInPast(DomainError):
    """The start is over."""

    def __init__(self, starts_at: datetime, now: datetime) -> None:
        super().__init__(f"{_stamp(starts_at)} is in the past: it is {_stamp(now)}; choose a later start")


class NoticeTooShort(DomainError):
    """The start is nearer than the tenant allows."""

    def __init__(self, starts_at: datetime, earliest: datetime) -> None:
        self.earliest = earliest
        super().__init__(f"{_stamp(starts_at)} is too soon; the earliest start is {_stamp(earliest)}")


class BeyondHorizon(DomainError):
    """The start is further away than the tenant plans."""

    def __init__(self, starts_at: datetime, latest: datetime) -> None:
        self.latest = latest
        super().__init__(f"{_stamp(starts_at)} is too far ahead; the latest start is {_stamp(latest)}")


class OutsideHours(DomainError):
    """No visit starts then: closed, too near to closing, or between two steps."""

    def __init__(self, starts_at: datetime) -> None:
        super().__init__(
            f"no visit can start at {_stamp(starts_at)}; the slots list has every start that can be booked"
        )


class SlotTaken(DomainError):
    """Somebody was first. `next` holds the nearest free starts."""

    def __init__(self, starts_at: datetime, next_starts: list[datetime] | None = None) -> None:
        self.starts_at = starts_at
        self.next_starts = next_starts or []
        super().__init__(f"{_stamp(starts_at)} is taken; choose one of next, or ask for the slots list again")

    @property
    def extra(self) -> dict[str, object]:
        """Return the starts to choose from."""
        return {"next": self.next_starts}


class DayFull(DomainError):
    """The day has as many visits as it may. `next` holds the nearest free starts."""

    def __init__(self, starts_at: datetime, next_starts: list[datetime] | None = None) -> None:
        self.starts_at = starts_at
        self.next_starts = next_starts or []
        super().__init__(f"no more visits are taken on the day of {_stamp(starts_at)}; choose one of next")

    @property
    def extra(self) -> dict[str, object]:
        """Return the starts to choose from."""
        return {"next": self.next_starts}


class DecisionStale(DomainError):
    """Hours, services or settings changed between the decision and the booking, several times in a row."""

    def __init__(self) -> None:
        super().__init__("what is offered was changed at the same moment; ask for the slots list again")


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that can be booked now: its span in the tenant's zone, and who is free for it."""

    starts_at: datetime
    ends_at: datetime
    employees: list[UUID]


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """The free slots of one service. Dates are the tenant's, the last one included.

    `reasons` is there when nothing is free: how many starts each reason takes away, and `outside_hours` the dates on
    which nobody is open.
    """

    service: UUID
    time_zone: str
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    slots: list[Slot]
    reasons: dict[str, int] = {}


class Offer(Service, frozen=True, kw_only=True):
    """A service with what decides when it can be booked. None leaves a limit to the tenant."""

    capacity: int = 1
    assignment: Literal["any", "round_robin", "all"] = "any"
    min_notice_minutes: int | None = None
    horizon_days: int | None = None
    max_per_day: int | None = None
    payment: Literal["none", "deposit", "full"] = "none"


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """What decides when one employee is free.

    `rules`: (ISO weekday, opens, closes) in minutes since local midnight. `exceptions`: (proleptic ordinal of the
    date, opens, closes), which replace the rules of that date. `busy` with appointments and `away`: [first, past last)
    in cells of the grid. `sessions`: (start, taken seats) of the service's groups. `full_days`: ordinals of dates.
    `expires_at`: when the first of what makes it busy may free it. `last_assigned_at`: seconds since 1970.
    """

    employee_id: UUID = UUID(int=0)
    rules: list[tuple[int, int, int]]
    exceptions: list[tuple[int, int, int]]
    busy: list[tuple[int, int]] = []
    away: list[tuple[int, int]] = []
    sessions: list[tuple[int, int]] = []
    full_days: list[int] = []
    expires_at: datetime | None = None
    last_assigned_at: float = 0
    version: int = 0


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides when a service can be booked on some dates, as of one moment.

    `closed`: times off of everybody, in cells. `full_days`: ordinals of dates on which the service is full.
    """

    tenant: Tenant
    service: Offer
    calendars: list[Calendar]
    closed: list[tuple[int, int]] = []
    full_days: list[int] = []
    catalog_version: int = 0


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
