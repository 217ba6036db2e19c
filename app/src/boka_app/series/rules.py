"""When the visits of a series are."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def occurrences(first: datetime, zone: ZoneInfo, *, every_days: int, count: int) -> list[datetime]:
    """Return the starts, in UTC: the first one's local time on every so-many-th date.

    As with opening hours, a time that the clock skips moves forward, and one that it shows twice means the first.
    """
    local = first.astimezone(zone)
    later = [local.replace(fold=0) + timedelta(days=every_days * n) for n in range(1, count)]  # wall time: same zone
    return [moment.astimezone(UTC) for moment in (local, *later)]
