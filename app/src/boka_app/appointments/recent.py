"""What a process remembers of days it booked in, so that the next booking of such a day costs one round trip, not two.

Remembered is what the tenant decides: hours, time off, settings. The write compares its version, and it finds out by
itself whether the time is free. So a memory that went stale costs a second look and never a wrong answer.
"""

from datetime import UTC, date
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from boka_app.appointments.model import HoldRequest
from boka_app.availability.model import Availability

_DAYS = 512  # remembered at most; 3 kB each


class Day(NamedTuple):
    """One employee's day at one service."""

    slug: str
    service: UUID
    employee: UUID
    date: date


def day_of(slug: str, wish: HoldRequest) -> Day | None:
    """Return the day a wish is about; None unless it names the employee, as who is least busy changes each time."""
    if wish.employee is None:
        return None
    return Day(slug, wish.service, wish.employee, wish.starts_at.astimezone(UTC).date())


class RecentDays:
    """The days that bookings succeeded in last."""

    def __init__(self) -> None:
        self._days: dict[Day, Availability] = {}

    def recall(self, day: Day | None) -> Availability | None:
        """Return what is known of a day."""
        return None if day is None else self._days.get(day)

    def note(self, day: Day | None, found: Availability) -> None:
        """Remember a day, without what each booking changes."""
        if day is None or found.service.assignment == "all" or self._days.get(day) is found:
            return
        calendars = [replace(c, busy=[], sessions=[], full_days=[], expires_at=None) for c in found.calendars]
        if len(self._days) >= _DAYS:
            del self._days[next(iter(self._days))]
        self._days[day] = replace(found, calendars=calendars, full_days=[])
