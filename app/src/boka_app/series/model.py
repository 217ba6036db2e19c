"""A series of visits, the wish for one, and why one is refused."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.appointments.model import Appointment, CustomerDetails
from boka_app.errors import DomainError


class SeriesUnknown(DomainError, kind="series-unknown", status=404, title="No such series"):
    """There is none of that id, or the token is another's."""

    detail = "there is no series {} for this token; use the one its booking returned"


class SeriesConflicts(DomainError, kind="series-conflicts", status=409, title="Not every visit can be had"):
    """None was booked. The member errors has each start that cannot be had."""

    def __init__(self, refused: dict[datetime, str], occurrences: int) -> None:
        self.faults = [{"pointer": start.isoformat(), "detail": why} for start, why in refused.items()]
        super().__init__(
            f"{len(refused)} of {occurrences} visits cannot be had and none was booked; "
            "choose another time, or send partial: true for those that can"
        )


class SeriesRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wish for visits at the same local time every so many days. `partial` takes those that can be had."""

    service: UUID
    starts_at: Annotated[datetime, Meta(tz=True)]
    every_days: Annotated[int, Meta(ge=1, le=366)]
    occurrences: Annotated[int, Meta(ge=2, le=60)]
    customer: CustomerDetails
    employee: UUID | None = None
    special_requests: Annotated[str, Meta(max_length=2000)] = ""
    partial: bool = False


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A visit of the series that cannot be had."""

    starts_at: datetime
    detail: str


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Visits booked together, as far as they were to be had."""

    id: UUID
    every_days: int
    appointments: list[Appointment]
    conflicts: list[Conflict] = []


class BookedSeries(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to booking a series: its visits, the secret for all of it, and each visit's own token by its id."""

    series: Series
    token: str
    tokens: dict[UUID, str]
