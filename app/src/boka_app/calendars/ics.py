"""Our visits as iCalendar (RFC 5545): one for a mail or a page, many for a feed.

Written here and not by icalendar: that library takes 0.4 s to load, which a page's worker would pay, and its time
zones change an hour late in spring (`Timezone.from_tzid`, 7.3.0: DTSTART after the gap instead of before it).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from boka_app.calendars import queries
from boka_app.calendars.model import Visit
from boka_app.database import Connection

MEDIA_TYPE = "text/calendar; charset=utf-8"
_STATUS = {"held": "TENTATIVE", "pending": "TENTATIVE", "cancelled": "CANCELLED", "expired": "CANCELLED"}
_EVENT = """\
BEGIN:VEVENT
UID:{uid}
DTSTAMP:{updated:%Y%m%dT%H%M%SZ}
CREATED:{created:%Y%m%dT%H%M%SZ}
LAST-MODIFIED:{updated:%Y%m%dT%H%M%SZ}
SEQUENCE:{visit.version}
DTSTART;TZID={visit.time_zone}:{span[0]:%Y%m%dT%H%M%S}
DTEND;TZID={visit.time_zone}:{span[1]:%Y%m%dT%H%M%S}
STATUS:{status}
TRANSP:{transparency}
SUMMARY:{texts[0]}
DESCRIPTION:{texts[1]}
LOCATION:{texts[2]}
END:VEVENT"""
_OBSERVANCE = """\
BEGIN:{kind}
DTSTART:{began:%Y%m%dT%H%M%S}
TZOFFSETFROM:{before:%z}
TZOFFSETTO:{after:%z}
TZNAME:{after:%Z}
END:{kind}"""
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})
_LINE_OCTETS = 74  # RFC 5545 3.1 allows 75; one is the space that continues a line
_DAY, _NONE = timedelta(days=1), timedelta()


async def appointment_ics(conn: Connection, appointment_id: UUID, *, public_url: str) -> bytes:
    """Return one visit of the entered tenant as its customer's calendar takes it; a cancelled one takes itself out.

    Raises:
        AppointmentUnknown: the tenant has none of that id.
    """
    visit = await queries.get_visit(conn, id=appointment_id)
    return write([visit], host=host_of(public_url), name=visit.location)


def host_of(public_url: str) -> str:
    """Return what ends the UIDs of a site's events."""
    return urlsplit(public_url).hostname or public_url


def uid(appointment_id: UUID, host: str) -> str:
    """Return the name under which a visit is known to calendars, for good."""
    return f"{appointment_id}@{host}"


def write(
    visits: Sequence[Visit], *, host: str, name: str, method: str = "PUBLISH", people: Sequence[str] = ()
) -> bytes:
    """Return a calendar of visits. The same visits make the same bytes.

    A mail that invites has another `method` (RFC 5546) and `people`: lines that name who invites and who comes.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Boka//Boka//EN", "CALSCALE:GREGORIAN", f"METHOD:{method}"]
    lines += [f"NAME:{_text(name)}", f"X-WR-CALNAME:{_text(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT15M"]
    for zone in sorted({visit.time_zone for visit in visits}):
        local = [visit for visit in visits if visit.time_zone == zone]
        first, last = min(v.starts_at for v in local), max(v.ends_at for v in local)
        lines += _time_zone(zone, first.astimezone(UTC).year, last.astimezone(UTC).year)
    for visit in visits:
        *event, end = _event(visit, host)
        lines += [*event, *people, end]
    return "".join(f"{_fold(line)}\r\n" for line in [*lines, "END:VCALENDAR"]).encode()


def _event(visit: Visit, host: str) -> list[str]:
    zone, status = ZoneInfo(visit.time_zone), _STATUS.get(visit.status, "CONFIRMED")
    begin, end = (moment.astimezone(zone) for moment in (visit.starts_at, visit.ends_at))
    return _EVENT.format(
        uid=uid(visit.id, host),
        created=visit.created_at.astimezone(UTC),
        updated=visit.updated_at.astimezone(UTC),
        span=(begin, end),
        visit=visit,
        status=status,
        transparency="TRANSPARENT" if status == "CANCELLED" else "OPAQUE",
        texts=[_text(text) for text in (visit.summary, visit.description, visit.location)],
    ).split("\n")


@lru_cache(maxsize=64)
def _time_zone(name: str, first_year: int, last_year: int) -> tuple[str, ...]:
    """Return the VTIMEZONE that is right from a year before the first visit to a year after the last."""
    zone = ZoneInfo(name)
    begin, end = datetime(first_year - 1, 1, 1, tzinfo=UTC), datetime(last_year + 2, 1, 1, tzinfo=UTC)
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}"]
    for moment in [begin, *_changes(zone, begin, end)]:
        lines += _observance(zone, moment)
    return (*lines, "END:VTIMEZONE")


def _observance(zone: ZoneInfo, moment: datetime) -> list[str]:
    before, after = (moment - timedelta(seconds=1)).astimezone(zone), moment.astimezone(zone)
    # By what the clock does, not by the zone's own word: to every reader daylight time is ahead; Morocco's is behind.
    kind = "DAYLIGHT" if (after.utcoffset() or _NONE) > (before.utcoffset() or _NONE) else "STANDARD"
    began = (moment + (before.utcoffset() or _NONE)).replace(tzinfo=None)  # by the clock that is put forward
    return _OBSERVANCE.format(kind=kind, began=began, before=before, after=after).split("\n")


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterable[datetime]:
    """Yield the moments at which the zone's offset or name changes. None has two changes in a day."""
    while begin < end:
        if _clock(zone, begin) != _clock(zone, begin + _DAY):
            low, high = begin, begin + _DAY
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if _clock(zone, middle) == _clock(zone, begin) else (low, middle)
            yield high.replace(microsecond=0)
        begin += _DAY


def _clock(zone: ZoneInfo, moment: datetime) -> str:
    return format(moment.astimezone(zone), "%z%Z")


def _text(text: str) -> str:
    return text.translate(_ESCAPES)


def _fold(line: str) -> str:
    """Break a line after 75 octets at the most, never inside a character."""
    parts, size = [""], 0
    for character in line:
        size += len(character.encode())
        if size > _LINE_OCTETS:
            parts, size = [*parts, ""], len(character.encode())
        parts[-1] += character
    return "\r\n ".join(parts)
