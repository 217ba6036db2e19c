"""Calendars, free slots, and the reasons why a time cannot be booked."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from boka_app.catalog.model import EmployeeUnknown, Service, ServiceUnknown
from boka_app.errors import DomainError
from boka_app.tenants.model import Tenant

Order = Literal["time", "compact"]


class RangeInvalid(DomainError, kind="range-invalid", status=422, title="Range of dates not accepted"):
    """Ask for 1 to 31 days, the last one included."""


class SlotInPast(DomainError, kind="slot-past", status=422, title="Start in the past"):
    """Bookings start in the future only."""

    def __init__(self, starts_at: datetime, now: datetime) -> None:
        super().__init__(f"{_stamp(starts_at)} is in the past: it is {_stamp(now)}; choose a later start")


class NoticeTooShort(DomainError, kind="notice-too-short", status=422, title="Start too soon"):
    """The business wants to know of a visit some time before."""

    def __init__(self, starts_at: datetime, earliest: datetime) -> None:
        super().__init__(f"{_stamp(starts_at)} is too soon; the earliest start is {_stamp(earliest)}")


class BeyondHorizon(DomainError, kind="beyond-horizon", status=422, title="Start too far ahead"):
    """The business does not plan that far yet."""

    def __init__(self, starts_at: datetime, latest: datetime) -> None:
        super().__init__(f"{_stamp(starts_at)} is too far ahead; the latest start is {_stamp(latest)}")


class OutsideHours(DomainError, kind="outside-hours", status=422, title="No visit starts then"):
    """Closed then, too near to closing, or between the starts that are offered."""

    def __init__(self, starts_at: datetime) -> None:
        super().__init__(
            f"no visit can start at {_stamp(starts_at)}; the slots list has every start that can be booked"
        )


class SlotTaken(DomainError, kind="slot-taken", status=409, title="Slot taken"):
    """Somebody was first. The member next has the nearest free starts at this time."""

    def __init__(self, starts_at: datetime, next_starts: Sequence[datetime] = ()) -> None:
        self.starts_at, self.next_starts = starts_at, next_starts
        super().__init__(f"{_stamp(starts_at)} is taken; choose one of next, or ask for the slots list again")


class DayFull(DomainError, kind="day-full", status=409, title="Day full"):
    """The business takes only so many visits a day. The member next has the nearest free starts."""

    def __init__(self, starts_at: datetime, next_starts: Sequence[datetime] = ()) -> None:
        self.starts_at, self.next_starts = starts_at, next_starts
        super().__init__(f"no more visits are taken on the day of {_stamp(starts_at)}; choose one of next")


class DecisionStale(DomainError, kind="decision-stale", status=409, title="Changed meanwhile"):
    """The business changed what it offers; ask again."""

    detail = "what is offered was changed at the same moment; ask for the slots list again"


UNBOOKABLE = (  # for which a wished start is refused
    *(ServiceUnknown, EmployeeUnknown, SlotInPast, NoticeTooShort, BeyondHorizon, OutsideHours, SlotTaken, DayFull),
)


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
