"""Calendars, free slots, and the reasons why a time cannot be booked."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from boka_app.errors import DomainError


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


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that can be booked now: its span in the tenant's zone, and who is free for it."""

    starts_at: datetime
    ends_at: datetime
    employees: list[UUID]


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """The free slots of one service. Dates are the tenant's, the last one included."""

    service: UUID
    time_zone: str
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    slots: list[Slot]


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """What decides when one employee is free.

    `rules`: (ISO weekday, opens, closes) in minutes since local midnight. `exceptions`: (proleptic ordinal of the
    date, opens, closes), which replace the rules of that date. `busy`: [first, past last) in cells of the grid.
    """

    employee_id: UUID
    rules: list[tuple[int, int, int]]
    exceptions: list[tuple[int, int, int]]
    busy: list[tuple[int, int]]


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
