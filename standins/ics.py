"""A stand-in for whoever publishes a calendar at an address: `GET /calendar.ics`, `PUT /calendar.ics` replaces it.

Fault kinds: `detour` redirects inside, `huge` sends 3 MiB.
"""

from __future__ import annotations

import hashlib
from typing import ClassVar

from standins.server import Answer, Request, Standin, route

_EMPTY = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//standin//EN\r\nEND:VCALENDAR\r\n"
_HUGE = 3 * 1024 * 1024


class Ics(Standin):
    """One published calendar."""

    name: ClassVar[str] = "ics"

    def __init__(self) -> None:
        super().__init__()
        self.feed = _EMPTY

    @route("GET", "/calendar.ics")
    def read(self, request: Request) -> Answer:
        """Answer the calendar, or 304 to who has it."""
        if self.faulty(request.path, "detour"):
            return Answer(None, 302, {"Location": "http://169.254.169.254/latest/meta-data"})
        if self.faulty(request.path, "huge"):
            return Answer(b"x" * _HUGE)
        tag = f'"{hashlib.sha256(self.feed.encode()).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == tag:
            return Answer(None, 304, {"ETag": tag})
        return Answer(self.feed.encode(), 200, {"Content-Type": "text/calendar", "ETag": tag})

    @route("PUT", "/calendar.ics")
    def write(self, request: Request) -> Answer:
        """Publish another calendar."""
        self.feed = request.body.decode()
        return Answer(None, 204)
