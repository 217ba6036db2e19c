"""A visit as calendars show it, a busy time read from one, a connection to one, and why one is refused."""

from datetime import datetime
from uuid import UUID

import msgspec


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One event of ours, in its words for whoever reads the calendar."""

    id: UUID
    version: int
    status: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    created_at: datetime
    updated_at: datetime
    summary: str
    description: str
    location: str
