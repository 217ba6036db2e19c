"""Which starts are free: the one decision behind the slots list and behind booking.

Time is a grid of 5-minute cells since 1970 UTC, and a span of cells is one integer used as a set of bits, so a week
of one employee is some shifts and ANDs on 2,016 bits. Rules are local wall time; each date is expanded with that
date's own offset. A time that the clock skips moves forward; one that it shows twice means the first. The present
counts from the next cell on, so that an answer stays true until then.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from boka_app.availability.model import (
    Availability,
    BeyondHorizon,
    Calendar,
    DayFull,
    NoticeTooShort,
    Offer,
    Order,
    OutsideHours,
    RangeInvalid,
    Slot,
    SlotInPast,
    SlotTaken,
)
from boka_app.tenants.model import Tenant

_CELL_MINUTES = 5
CELL = timedelta(minutes=_CELL_MINUTES)
MAX_RANGE_DAYS = 31  # as the widest rival answers; a month page needs no more
_FIRST_YEAR, _LAST_YEAR = 1971, 2199  # well inside what datetime and the database's integer cells can hold
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_BUFFER = timedelta(hours=4)  # the longest there is
_NEXT_STARTS = 3  # that a refusal names


class Starts(NamedTuple):
    """Sets of starts of one employee, as bits from the search's origin on. All but `free` are for telling why not."""

    offered: int  # a visit fits the opening hours
    free: int
    soon: int  # offered, but within the notice
    late: int  # offered, but beyond the horizon
    full: int  # a group without a seat left
    capped: int  # the day has as many as it may
    busy: int


def cell_of(moment: datetime) -> int:
    """Return the cell a moment lies in."""
    return (moment - _EPOCH) // CELL


def moment_of(cell: int) -> datetime:
    """Return the start of a cell."""
    return _EPOCH + cell * CELL


def present_cell(now: datetime) -> int:
    """Return the first cell that is not over: what answers are reckoned from, and kept under."""
    return -((_EPOCH - now) // CELL)


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


def dates_around(moment: datetime) -> list[date]:
    """Return three dates one of which is the local one of the moment, whatever the zone; all can be calculated with."""
    first, last = (datetime(year, 6, 1, tzinfo=UTC) for year in (_FIRST_YEAR, _LAST_YEAR))
    middle = min(max(moment, first), last).astimezone(UTC).date()
    return [middle + _DAY * n for n in (-1, 0, 1)]


def days_looked_at(first: date, last: date) -> range:
    """Return the ordinals of the local dates whose `days_moved` can matter to starts on these dates."""
    return range(first.toordinal(), last.toordinal() + 2)  # a visit, 12 hours and a buffer at most, may end a day later


def days_moved(starts_at: datetime, ends_at: datetime, time_zone: str) -> range:
    """Return the ordinals of the local dates on which a visit takes time, its buffers and the next one's included."""
    zone = ZoneInfo(time_zone)
    first, last = (starts_at - _BUFFER).astimezone(zone), (ends_at + 2 * _BUFFER).astimezone(zone)
    return range(first.toordinal(), last.toordinal() + 1)


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


def starts_of(found: Availability, dates: Sequence[date], *, now: datetime) -> list[Starts]:
    """Return for each calendar what can start on these local dates and what cannot, and why."""
    return [_starts(found, calendar, dates, now) for calendar in found.calendars]


def slots(found: Availability, dates: Sequence[date], *, now: datetime, order: Order = "time") -> list[Slot]:
    """Return every free slot once, with all employees who are free for it."""
    per_calendar = starts_of(found, dates, now=now)
    zone = found.tenant.time_zone
    origin, _ = _frame(dates[0], len(dates), zone)
    duration = found.service.duration_minutes // _CELL_MINUTES
    employees: dict[int, list[Calendar]] = {}
    together = _together(found.service, [starts.free for starts in per_calendar])
    for calendar, starts in zip(found.calendars, per_calendar, strict=True):
        for bit in _bits(starts.free & together):
            employees.setdefault(bit, []).append(calendar)
    bits = sorted(employees)
    if order == "compact":
        fragments = {bit: min(_waste(found, c, dates, bit) for c in employees[bit]) for bit in bits}
        bits.sort(key=lambda bit: (fragments[bit], bit))
    return [
        Slot(
            starts_at=_local(bit + origin, zone),
            ends_at=_local(bit + origin + duration, zone),
            employees=[calendar.employee_id for calendar in employees[bit]],
        )
        for bit in bits
    ]


def reasons(found: Availability, dates: Sequence[date], *, now: datetime) -> dict[str, int]:
    """Return why nothing is free: how many starts each reason takes away, and on how many dates nobody is open."""
    every = starts_of(found, dates, now=now)
    offered = _union(starts.offered for starts in every)
    days = [_day_bits(dates, day, found.tenant.time_zone) for day in dates]
    counted = {"outside_hours": sum(1 for day in days if not day & offered)}
    for name, field in {
        "min_notice": "soon",
        "horizon": "late",
        "cap": "capped",
        "full": "full",
        "busy": "busy",
    }.items():
        counted[name] = _union(getattr(starts, field) for starts in every).bit_count()
    return counted


def next_starts(found: Availability, dates: Sequence[date], wanted: datetime, *, now: datetime) -> list[datetime]:
    """Return the first free starts after a refused one, else before it on these dates."""
    free = [slot.starts_at for slot in slots(found, dates, now=now) if slot.starts_at != wanted]
    return ([start for start in free if start > wanted] or free)[:_NEXT_STARTS]


def choose_calendars(found: Availability, starts_at: datetime, *, now: datetime) -> list[Calendar]:
    """Return those who can take a visit at this start, in the order in which to ask them.

    With `assignment` all they are everybody, in the order of ids. A group that somebody already leads comes first;
    else whoever is least busy, or in a round robin waited longest.

    Raises:
        SlotInPast, NoticeTooShort, BeyondHorizon: the start is out of the limits.
        OutsideHours: nobody works then, or no visit starts then.
        DayFull: the day has as many as it may.
        SlotTaken: everybody who works then is busy.
    """
    check_limits(found.tenant, starts_at, now, service=found.service)
    dates = [starts_at.astimezone(ZoneInfo(found.tenant.time_zone)).date()]
    origin, _ = _frame(dates[0], 1, found.tenant.time_zone)
    every = starts_of(found, dates, now=now)
    bit = 1 << (cell_of(starts_at) - origin)
    offered = _together(found.service, [starts.offered for starts in every])
    if not offered & bit or (starts_at - _EPOCH) % CELL:
        raise OutsideHours(starts_at)
    together = _together(found.service, [starts.free for starts in every])
    free = [c for c, starts in zip(found.calendars, every, strict=True) if starts.free & together & bit]
    if not free:
        capped = any(starts.capped & bit for starts in every)
        raise DayFull(starts_at) if capped else SlotTaken(starts_at)
    return _in_turn(found.service, free, cell_of(starts_at))


def occupied_span(service: Offer, starts_at: datetime) -> tuple[datetime, datetime]:
    """Return the time a visit keeps the employee from others: with both buffers."""
    before = timedelta(minutes=service.buffer_before_minutes)
    after = timedelta(minutes=service.duration_minutes + service.buffer_after_minutes)
    return starts_at - before, starts_at + after


def check_limits(tenant: Tenant, starts_at: datetime, now: datetime, *, service: Offer | None = None) -> None:
    """Pass a start inside the limits; also what keeps absurd years from the calculations after it.

    Raises:
        SlotInPast, NoticeTooShort, BeyondHorizon: it is outside.
    """
    if starts_at < now:
        raise SlotInPast(starts_at, now)
    earliest, latest = (moment_of(cell) for cell in _window(tenant, service, now))
    if starts_at < earliest:
        raise NoticeTooShort(starts_at, earliest)
    if starts_at > latest:
        raise BeyondHorizon(starts_at, latest)


def _starts(found: Availability, calendar: Calendar, dates: Sequence[date], now: datetime) -> Starts:
    service, zone = found.service, found.tenant.time_zone
    origin, width = _frame(dates[0], len(dates), zone)
    before, length, after = _lengths(service)
    offered, _ = _hours(
        tuple(calendar.rules), tuple(calendar.exceptions), dates[0], len(dates), zone, length, service.step_minutes
    )
    earliest, latest = _window(found.tenant, service, now)
    inside = _span(earliest - origin, min(latest + 1 - origin, width))
    # Buffers may reach outside the opening hours, never into another visit.
    clear = _runs(~_busy(found, calendar, origin, width), before + length + after) << before
    capped = _union(_day_bits(dates, day, zone) for day in _full_days(found, calendar))
    joined = full = 0
    for cell, taken in calendar.sessions:
        bit = _span(cell - origin, cell - origin + 1)
        joined, full = (joined | bit, full) if taken < service.capacity else (joined, full | bit)
    in_time = offered & inside
    return Starts(
        offered=offered,
        free=in_time & (clear & ~capped | joined),
        soon=offered & ~inside & _span(0, earliest - origin),
        late=offered & ~inside & ~_span(0, earliest - origin),
        full=in_time & full,
        capped=in_time & clear & capped,
        busy=in_time & ~clear & ~joined & ~full,
    )


def _window(tenant: Tenant, service: Offer | None, now: datetime) -> tuple[int, int]:
    """Return the first and the last cell that limits allow; what the service says goes before the tenant's."""
    notice, horizon = tenant.min_notice_minutes, tenant.horizon_days
    if service is not None:
        notice = notice if service.min_notice_minutes is None else service.min_notice_minutes
        horizon = horizon if service.horizon_days is None else service.horizon_days
    present = present_cell(now)
    return present - (-notice // _CELL_MINUTES), present + horizon * (_DAY // CELL)


def _together(service: Offer, sets: list[int]) -> int:
    """Return the starts that the service as a whole has: those of all employees at once, or of any."""
    together = _union(sets)
    for each in sets if service.assignment == "all" else ():
        together &= each
    return together


def _in_turn(service: Offer, free: list[Calendar], cell: int) -> list[Calendar]:
    if service.assignment == "all":
        return free  # read in the order of ids

    def turn(calendar: Calendar) -> tuple[bool, float]:
        leads = any(start == cell for start, _ in calendar.sessions)
        if service.assignment == "round_robin":
            return not leads, calendar.last_assigned_at
        return not leads, sum(end - begin for begin, end in calendar.busy)

    return sorted(free, key=turn)


def _waste(found: Availability, calendar: Calendar, dates: Sequence[date], bit: int) -> tuple[int, int]:
    """Return how a visit there breaks the free time up: pieces left over, and the length of the gap it is put in."""
    zone = found.tenant.time_zone
    origin, width = _frame(dates[0], len(dates), zone)
    before, length, after = _lengths(found.service)
    _, opened = _hours(
        tuple(calendar.rules),
        tuple(calendar.exceptions),
        dates[0],
        len(dates),
        zone,
        length,
        found.service.step_minutes,
    )
    gaps = opened & ~_busy(found, calendar, origin, width)
    first = (~gaps & _span(0, bit)).bit_length()  # after the last cell before it that is not free
    beyond = ~gaps >> (bit + length)
    past = bit + length + (beyond & -beyond).bit_length() - 1
    pieces = (first < bit - before) + (bit + length + after < past)
    return pieces, past - first


def _busy(found: Availability, calendar: Calendar, origin: int, width: int) -> int:
    """Return the cells that are taken. Text is written in place, which long integers are not: several times faster."""
    row = bytearray(b"0") * width
    for times in (calendar.busy, calendar.away, found.closed):
        for begin, end in times:
            first, past = max(begin - origin, 0), min(end - origin, width)
            if first < past:
                row[first:past] = b"1" * (past - first)
    row.reverse()
    return int(row, 2)


def _full_days(found: Availability, calendar: Calendar) -> set[date]:
    return {date.fromordinal(day) for day in (*found.full_days, *calendar.full_days)}


def _lengths(service: Offer) -> tuple[int, int, int]:
    """Return the cells before, in and after a visit."""
    minutes = service.buffer_before_minutes, service.duration_minutes, service.buffer_after_minutes
    before, length, after = (number // _CELL_MINUTES for number in minutes)
    return before, length, after


@lru_cache(maxsize=4096)  # the same few dates are asked for again and again, and zone arithmetic is what costs
def _frame(first: date, days: int, zone: str) -> tuple[int, int]:
    """Return the cell that is bit 0 when these dates are searched, and how many bits they are: a day more around."""
    begin, end = (_at(first + timedelta(days=n), 0, ZoneInfo(zone)) for n in (0, days))
    origin = cell_of(begin - _DAY)
    return origin, cell_of(end + _DAY) - origin


@lru_cache(maxsize=2048)  # about 3 KiB each for a month; hours change seldom
def _hours(  # noqa: PLR0913, PLR0917  values, so that equal hours are found again
    rules: tuple[tuple[int, int, int], ...],
    exceptions: tuple[tuple[int, int, int], ...],
    first: date,
    days: int,
    zone: str,
    length: int,
    step_minutes: int,
) -> tuple[int, int]:
    """Return the starts at which a visit of so many cells fits the hours of the dates, and all open cells."""
    calendar = Calendar(rules=list(rules), exceptions=list(exceptions))
    origin, _ = _frame(first, days, zone)
    dates = [first + timedelta(days=n) for n in range(-1, days + 1)]
    steps = opened = 0
    for begin, end in _cell_spans(calendar, dates[1:-1], ZoneInfo(zone), origin):
        steps |= sum(1 << cell for cell in range(begin, end, step_minutes // _CELL_MINUTES))
    # A visit may run past midnight when the neighbouring date is open, so both neighbours count as open time.
    for begin, end in _cell_spans(calendar, dates, ZoneInfo(zone), origin):
        opened |= _span(begin, end)
    return steps & _runs(opened, length), opened


def _day_bits(dates: Sequence[date], day: date, zone: str) -> int:
    origin, _ = _frame(dates[0], len(dates), zone)
    begin, width = _frame(day, 1, zone)
    day_cells = _DAY // CELL  # the frame's margins
    return _span(begin + day_cells - origin, begin + width - day_cells - origin)


@lru_cache(maxsize=32768)
def _local(cell: int, zone: str) -> datetime:
    return moment_of(cell).astimezone(ZoneInfo(zone))


def _cell_spans(calendar: Calendar, dates: list[date], zone: ZoneInfo, origin: int) -> Iterator[tuple[int, int]]:
    return ((cell_of(a) - origin, cell_of(b) - origin) for a, b in opening_spans(calendar, dates, zone))


def _span(first: int, past: int) -> int:
    """Return the bits from first (cut at 0) up to, not with, past."""
    first = max(first, 0)
    return ((1 << (past - first)) - 1) << first if past > first else 0


def _union(sets: Iterable[int]) -> int:
    union = 0
    for each in sets:
        union |= each
    return union


def _runs(bits: int, length: int) -> int:
    """Return the bits that begin `length` set bits in a row, in log2(length) steps."""
    have = 1
    while have < length:
        shift = min(have, length - have)
        bits &= bits >> shift
        have += shift
    return bits


def _bits(bits: int) -> Iterator[int]:
    text = f"{bits:b}"[::-1]  # finding ones in text is several times faster than clearing them in a long integer
    at = text.find("1")
    while at >= 0:
        yield at
        at = text.find("1", at + 1)


def _by_first(rows: Iterable[tuple[int, int, int]]) -> dict[int, list[tuple[int, int]]]:
    spans: dict[int, list[tuple[int, int]]] = {}
    for key, opens, closes in rows:
        spans.setdefault(key, []).append((opens, closes))
    return spans


def _at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minute, 1440)  # minute 1440 is the next midnight
    return datetime.combine(day + timedelta(days=days), time(*divmod(rest, 60)), zone).astimezone(UTC)
