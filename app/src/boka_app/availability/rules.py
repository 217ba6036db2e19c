"""Which starts are free: the one decision behind the slots list and behind booking.

Time is a grid of 5-minute cells since 1970 UTC, and a span of cells is one integer used as a set of bits, so a week
of one employee is some shifts and ANDs on 2,016 bits. Rules are local wall time; each date is expanded with that
date's own offset. A time that the clock skips moves forward; one that it shows twice means the first.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from boka_app.availability.model import (
    BeyondHorizon,
    Calendar,
    NoticeTooShort,
    OutsideHours,
    RangeInvalid,
    Slot,
    SlotInPast,
    SlotTaken,
)
from boka_app.catalog.model import Service
from boka_app.tenants.model import Tenant

_CELL_MINUTES = 5
CELL = timedelta(minutes=_CELL_MINUTES)
MAX_RANGE_DAYS = 31  # as the widest rival answers; a month page needs no more
_FIRST_YEAR, _LAST_YEAR = 1971, 2199  # well inside what datetime and the database's integer cells can hold
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def cell_of(moment: datetime) -> int:
    """Return the cell a moment lies in."""
    return (moment - _EPOCH) // CELL


def moment_of(cell: int) -> datetime:
    """Return the start of a cell."""
    return _EPOCH + cell * CELL


def date_range(first: date, last: date) -> list[date]:
    """Return every date from first to last.

    Raises:
        RangeInvalid: the range is empty, or longer than 31 days.
    """
    days = (last - first).days + 1
    if not _FIRST_YEAR <= first.year <= _LAST_YEAR:
        raise RangeInvalid(f"from is {first}; ask for a date in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    if not 1 <= days <= MAX_RANGE_DAYS:
        raise RangeInvalid(f"from {first} to {last} is {days} days; ask for 1 to {MAX_RANGE_DAYS}")
    return [first + timedelta(days=n) for n in range(days)]


def search_span(dates: list[date], tenant: Tenant) -> tuple[datetime, datetime]:
    """Return a span that holds everything that can touch these local dates: a day more on both sides."""
    start = datetime.combine(dates[0], time(), ZoneInfo(tenant.time_zone)).astimezone(UTC)
    end = datetime.combine(dates[-1], time(), ZoneInfo(tenant.time_zone)).astimezone(UTC)
    return start - timedelta(days=1), end + timedelta(days=2)


def opening_spans(calendar: Calendar, dates: list[date], zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield the opening hours of these dates in UTC. An exception replaces the whole date."""
    weekly = _by_first(calendar.rules)
    special = _by_first(calendar.exceptions)
    for day in dates:
        for opens, closes in special.get(day.toordinal(), weekly.get(day.isoweekday(), [])):
            start, end = _at(day, opens, zone), _at(day, closes, zone)
            # Unequal dates: the zone skipped this whole day, as Apia did 2011-12-30.
            if start < end and start.astimezone(zone).date() == day:
                yield start, end


def free_starts(
    calendar: Calendar, service: Service, tenant: Tenant, dates: list[date], *, now: datetime
) -> list[datetime]:
    """Return every start on these local dates that one employee can take, in UTC and in order."""
    return [moment_of(cell) for cell in _free_cells(calendar, service, tenant, dates, now)]


def slots(
    calendars: Iterable[Calendar], service: Service, tenant: Tenant, dates: list[date], *, now: datetime
) -> list[Slot]:
    """Return every free slot once, with all employees who are free for it."""
    zone = ZoneInfo(tenant.time_zone)
    found = sorted(
        ((cell, c.employee_id) for c in calendars for cell in _free_cells(c, service, tenant, dates, now)),
    )
    duration = timedelta(minutes=service.duration_minutes)
    return [
        Slot(
            starts_at=moment_of(cell).astimezone(zone),
            ends_at=(moment_of(cell) + duration).astimezone(zone),
            employees=[employee for _, employee in group],
        )
        for cell, group in groupby(found, key=lambda pair: pair[0])
    ]


def choose_calendars(
    calendars: list[Calendar], service: Service, tenant: Tenant, starts_at: datetime, *, now: datetime
) -> list[Calendar]:
    """Return those who can take a visit at this start, the least busy first.

    Raises:
        SlotInPast, NoticeTooShort, BeyondHorizon: the start is out of the tenant's limits.
        OutsideHours: nobody works then, or no visit starts then.
        SlotTaken: everybody who works then is busy.
    """
    check_limits(tenant, starts_at, now)
    dates = [starts_at.astimezone(ZoneInfo(tenant.time_zone)).date()]
    start = starts_at.astimezone(UTC)
    free = [c for c in calendars if start in free_starts(c, service, tenant, dates, now=now)]
    if free:
        return sorted(free, key=lambda c: sum(end - begin for begin, end in c.busy))
    idle = [replace(c, busy=[]) for c in calendars]
    if any(start in free_starts(c, service, tenant, dates, now=now) for c in idle):
        raise SlotTaken(starts_at)
    raise OutsideHours(starts_at)


def occupied_span(service: Service, starts_at: datetime) -> tuple[datetime, datetime]:
    """Return the time a visit keeps the employee from others: with both buffers."""
    before = timedelta(minutes=service.buffer_before_minutes)
    after = timedelta(minutes=service.duration_minutes + service.buffer_after_minutes)
    return starts_at - before, starts_at + after


def check_limits(tenant: Tenant, starts_at: datetime, now: datetime) -> None:
    """Pass a start inside the tenant's limits; also what keeps absurd years from the calculations after it.

    Raises:
        SlotInPast, NoticeTooShort, BeyondHorizon: it is outside.
    """
    earliest = now + timedelta(minutes=tenant.min_notice_minutes)
    latest = now + timedelta(days=tenant.horizon_days)
    if starts_at < now:
        raise SlotInPast(starts_at, now)
    if starts_at < earliest:
        raise NoticeTooShort(starts_at, earliest)
    if starts_at > latest:
        raise BeyondHorizon(starts_at, latest)


def _free_cells(
    calendar: Calendar, service: Service, tenant: Tenant, dates: list[date], now: datetime
) -> Iterator[int]:
    zone = ZoneInfo(tenant.time_zone)
    origin, past_last = (cell_of(moment) for moment in search_span(dates, tenant))  # origin is bit 0
    length = service.duration_minutes // _CELL_MINUTES
    before, after = service.buffer_before_minutes // _CELL_MINUTES, service.buffer_after_minutes // _CELL_MINUTES
    step = service.step_minutes // _CELL_MINUTES
    starts = opened = busy = 0
    for begin, end in _cell_spans(calendar, dates, zone, origin):
        starts |= sum(1 << cell for cell in range(begin, end, step))
    # A visit may run past midnight when the neighbouring date is open, so both neighbours count as open time.
    for begin, end in _cell_spans(calendar, [dates[0] - _DAY, *dates, dates[-1] + _DAY], zone, origin):
        opened |= _span(begin, end)
    for begin, end in calendar.busy:
        busy |= _span(begin - origin, end - origin)
    # Buffers may reach outside the opening hours, never into another visit.
    clear = _runs(~busy, before + length + after) << before
    return _cells(starts & _runs(opened, length) & clear & _limits(tenant, now, origin, past_last), origin)


def _limits(tenant: Tenant, now: datetime, origin: int, past_last: int) -> int:
    earliest = now + timedelta(minutes=tenant.min_notice_minutes)
    latest = now + timedelta(days=tenant.horizon_days)
    first = -((_EPOCH - earliest) // CELL)  # rounded up: a start inside the notice is no start
    return _span(first - origin, min(cell_of(latest) + 1, past_last) - origin)


def _cell_spans(calendar: Calendar, dates: list[date], zone: ZoneInfo, origin: int) -> Iterator[tuple[int, int]]:
    return ((cell_of(a) - origin, cell_of(b) - origin) for a, b in opening_spans(calendar, dates, zone))


def _span(first: int, past: int) -> int:
    """Return the bits from first (cut at 0) up to, not with, past."""
    first = max(first, 0)
    return ((1 << (past - first)) - 1) << first if past > first else 0


def _runs(bits: int, length: int) -> int:
    """Return the bits that begin `length` set bits in a row, in log2(length) steps."""
    have = 1
    while have < length:
        shift = min(have, length - have)
        bits &= bits >> shift
        have += shift
    return bits


def _cells(bits: int, origin: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1 + origin
        bits ^= lowest


def _by_first(rows: Iterable[tuple[int, int, int]]) -> dict[int, list[tuple[int, int]]]:
    spans: dict[int, list[tuple[int, int]]] = {}
    for key, opens, closes in rows:
        spans.setdefault(key, []).append((opens, closes))
    return spans


def _at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minute, 1440)  # minute 1440 is the next midnight
    return datetime.combine(day + timedelta(days=days), time(*divmod(rest, 60)), zone).astimezone(UTC)
