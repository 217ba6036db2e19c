"""The forms of text and numbers that bodies share; what a pattern means is told to whoever is refused."""

from datetime import datetime
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from msgspec import Meta

# Each ends in `(?!\n)`: `$` alone lets a line end through, which would split a mail's header one day.
NAME = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$(?!\n)"
EMAIL = r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+\.[^@\s\x00-\x1f\x7f]+$(?!\n)"
PHONE = r"^[0-9+() ./-]{3,}$(?!\n)"
_TEXT = r"^[^\x00]*$"  # PostgreSQL keeps no NUL in a text

Name = Annotated[str, Meta(min_length=1, max_length=120, pattern=NAME, examples=["Zoë Zimmer"])]
Email = Annotated[str, Meta(max_length=254, pattern=EMAIL, examples=["zoe@example.org"])]
Phone = Annotated[str, Meta(max_length=32, pattern=PHONE, examples=["+49 30 901820"])]
Remark = Annotated[str, Meta(max_length=200, pattern=_TEXT)]
Text = Annotated[str, Meta(max_length=4000, pattern=_TEXT)]
Locale = Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Z]{2})?$(?!\n)", examples=["de-AT"])]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", examples=["EUR"])]
Minor = Annotated[
    int, Meta(ge=0, le=1_000_000_000, examples=[3900])
]  # an amount in cents; ten millions bound the sums as well
Percent = Annotated[int, Meta(ge=0, le=100)]
Notice = Annotated[int, Meta(ge=0, le=43_200)]  # minutes; 30 days
Horizon = Annotated[int, Meta(ge=1, le=730)]  # days
Moment = Annotated[datetime, Meta(tz=True, examples=["2026-11-23T10:00:00+01:00"])]
MinuteOfDay = Annotated[
    int, Meta(ge=0, le=1440, multiple_of=5, examples=[540])
]  # since local midnight, on the grid of the slot search


def check_zone(name: str | None) -> None:
    """Pass None and the name of a zone.

    Raises:
        ValueError: there is no such zone.
    """
    if name is not None and name not in _zones():
        raise ValueError(f"time_zone is {name!r}; name one of the IANA zones, such as Europe/Berlin")


@cache
def _zones() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name or name == "UTC")
