"""When a delivery is tried again, and when an endpoint is given up."""

from datetime import datetime, timedelta

# Between attempts, as the specification suggests: ten attempts in some 3 days.
_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400))
_GIVE_UP_AFTER = timedelta(days=3)


def next_pause(attempts: int, chance: float) -> timedelta | None:
    """Return how long to wait after this many attempts, spread by a quarter; None after the last."""
    return _PAUSES[attempts - 1] * (0.75 + chance / 2) if attempts <= len(_PAUSES) else None


def gives_up(status: int | None, failing_since: datetime | None, now: datetime) -> str | None:
    """Return why an endpoint is disabled after a failure, if it is."""
    if status == 410:  # noqa: PLR2004  Gone: the receiver's way to unsubscribe
        return "gone"
    if failing_since is not None and now - failing_since >= _GIVE_UP_AFTER:
        return "failing"
    return None
