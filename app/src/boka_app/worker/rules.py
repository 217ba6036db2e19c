"""When something that failed is tried again."""

from datetime import timedelta


def pause(attempts: int, chance: float, *, first: timedelta, growth: float, most: timedelta) -> timedelta:
    """Return how long to wait after this many attempts: grows, up to `most`; `chance` (0 to 1) spreads it by a quarter.

    Without the spread, all that failed together would come back together.
    """
    grown = min(first.total_seconds() * growth ** (attempts - 1), most.total_seconds())
    return timedelta(seconds=grown * (0.75 + chance / 2))
