"""Read somebody's iCalendar and list when it is busy; as a process of its own, because a feed can be a bomb.

`python -m boka_app.calendars.expand` takes a line of JSON (a `Question`) and the feed on standard input, and answers
JSON on standard output: a list of busy times, or a text that says why there are none. A recurrence that never ends is
stopped by bounds on processor time and memory. The process watches them itself: setrlimit is forbidden to a sandboxed
unit, and to its children.
"""

import asyncio
import os
import resource
import signal
import sys
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from boka_app.calendars.model import Busy, FeedRefused, Window

MAX_BYTES = 2 * 1024 * 1024  # some 5,000 events; a calendar of ten years is below 1 MiB
MAX_BUSY = 5_000  # until the horizon; an hour each would fill seven months without a night
_MEMORY_BYTES = 400 * 1024 * 1024  # the largest feed takes 85 MiB
_LOOK_S = 0.1  # of processor time, between two looks at both
_WAIT_S = 40  # on a busy machine


class Question(Window, frozen=True, kw_only=True):
    """How to read a feed: `own` ends the UIDs of events that are ours."""

    own: str
    processor_s: float = 8.0  # the largest feed takes 1.5 s


async def expand(feed: bytes, question: Question) -> list[Busy]:
    """Return the busy times of a feed.

    Raises:
        FeedRefused: it is no calendar, or too much of one.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "boka_app.calendars.expand"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # it may quote the feed
    )
    try:
        async with asyncio.timeout(_WAIT_S):
            out, _ = await process.communicate(msgspec.json.encode(question) + b"\n" + feed)
    except TimeoutError:
        out = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not out:
        raise FeedRefused(f"reading the feed takes over {question.processor_s:.0f} s; some recurrence is too dense")
    answer = msgspec.json.decode(out, type=list[Busy] | str)
    if isinstance(answer, str):
        raise FeedRefused(answer)
    return answer


def list_busy(feed: bytes, question: Question) -> list[Busy]:
    """Return the busy times between begin and end, in this process.

    A series that cannot be understood is left out, so that it does not hide all the others.

    Raises:
        FeedRefused: the feed is no calendar, or has more than `MAX_BUSY` busy times.
    """
    import icalendar  # noqa: PLC0415  only this process pays for loading it
    import recurring_ical_events  # noqa: PLC0415

    try:
        calendar = icalendar.Calendar.from_ical(feed)
    except ValueError as err:
        raise FeedRefused("the address answers something that is no iCalendar; check that it ends in .ics") from err
    zone = ZoneInfo(question.zone)
    found: dict[tuple[str, datetime], Busy] = {}
    # A day more on both sides: a floating time is compared as if it were UTC.
    span = question.begin - timedelta(days=1), question.end + timedelta(days=1)
    for event in recurring_ical_events.of(calendar, skip_bad_series=True).between(*span):
        busy = _busy(event, zone, question)
        if busy is not None:
            earlier = found.get((busy.uid, busy.starts_at), busy)
            found[busy.uid, busy.starts_at] = max(earlier, busy, key=lambda each: each.ends_at)
        if len(found) > MAX_BUSY:
            raise FeedRefused(f"the feed has more than {MAX_BUSY} busy times until {question.end:%Y-%m-%d}")
    return list(found.values())


def _busy(event: Any, zone: ZoneInfo, question: Question) -> Busy | None:  # noqa: ANN401  icalendar's Event
    uid = str(event.get("UID", ""))
    if event.get("TRANSP") == "TRANSPARENT" or event.get("STATUS") == "CANCELLED" or uid.endswith(question.own):
        return None
    starts_at, ends_at = _moment(event.start, zone), _moment(event.end, zone)
    if starts_at >= ends_at or ends_at <= question.begin or starts_at >= question.end:
        return None
    return Busy(uid=uid.replace("\0", "")[:500], starts_at=starts_at, ends_at=ends_at)


def _moment(value: date, zone: tzinfo) -> datetime:
    """Return a day's beginning, a floating time or a real one, in UTC."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.utcoffset() is not None else value.replace(tzinfo=zone)).astimezone(UTC)


def _watch(processor_s: float) -> None:
    """End this process at once should it use too much: what an exception would do is up to the libraries it passes."""

    def look(_number: int, _frame: object) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        resident = int(Path("/proc/self/statm").read_text().split()[1])  # not ru_maxrss: an exec inherits its parent's
        if used.ru_utime + used.ru_stime > processor_s or resident * resource.getpagesize() > _MEMORY_BYTES:
            os._exit(1)

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _LOOK_S, _LOOK_S)


def _main() -> None:
    question = msgspec.json.decode(sys.stdin.buffer.readline(), type=Question)
    _watch(question.processor_s)
    try:
        answer = list_busy(sys.stdin.buffer.read(), question)
    except FeedRefused as err:
        answer = str(err)
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    _main()
