"""A stand-in for Google Calendar, API version 3, with one calendar.

Source: its reference of `events` and its guide "Synchronize resources efficiently".
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar

from standins.oauth import OAuthStandin
from standins.server import Answer, Request, route

_EVENTS = "/calendar/v3/calendars/{calendar}/events"
_ID = re.compile(r"[a-v0-9]{5,1024}")
_PAGE = 2  # events; small, so that every reading takes several pages
_NOT_WITH_TOKEN = {"timeMin", "timeMax", "orderBy", "q", "updatedMin", "iCalUID", "privateExtendedProperty"}


class Google(OAuthStandin):
    """One account. `events` maps ids to events, each with the number of its last change."""

    name: ClassVar[str] = "google"
    rotates: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[str, Any]] = {}
        self.changed: dict[str, int] = {}
        self.oldest_token = 0

    @property
    def settings(self) -> dict[str, str]:
        """Return the addresses that the service must be told."""
        return {
            "api_url": f"{self.url}/calendar/v3",
            "authorize_url": f"{self.url}/authorize",
            "token_url": f"{self.url}/token",
        }

    def put(self, event_id: str, starts_at: datetime, ends_at: datetime, *, busy: bool = True) -> None:
        """Make or change somebody's own event."""
        self._store(
            event_id,
            {
                "status": "confirmed",
                "transparency": "opaque" if busy else "transparent",
                "start": {"dateTime": starts_at.isoformat()},
                "end": {"dateTime": ends_at.isoformat()},
            },
        )

    def put_day(self, event_id: str, day: str, day_after: str) -> None:
        """Make an event of whole days."""
        self._store(event_id, {"status": "confirmed", "start": {"date": day}, "end": {"date": day_after}})

    def remove(self, event_id: str) -> None:
        """Delete an event, as its owner does."""
        self._store(event_id, {"status": "cancelled"})

    def written(self) -> dict[str, tuple[datetime, datetime]]:
        """Return the spans of the events that the service wrote."""
        return {
            event["id"]: (
                datetime.fromisoformat(event["start"]["dateTime"]),
                datetime.fromisoformat(event["end"]["dateTime"]),
            )
            for event in self.events.values()
            if event["status"] != "cancelled" and "extendedProperties" in event
        }

    @route("GET", _EVENTS)
    def list_events(self, request: Request, calendar: str) -> Answer:  # noqa: ARG002  there is one
        """Answer a page of all events, or of what changed since a token."""
        refused = self.refusal(request)
        if refused is not None:
            return refused
        query = request.query
        since = int(query.get("syncToken", "-1"))
        if since >= 0 and _NOT_WITH_TOKEN & query.keys():
            return Answer({"error": {"code": 400, "message": "not with syncToken"}}, 400)
        with self.lock:
            if since >= 0 and (self.faulty(request.path, "expired") or since < self.oldest_token):
                reason = {"errors": [{"domain": "calendar", "reason": "fullSyncRequired"}], "code": 410}
                return Answer({"error": reason}, 410)
            found = [event for event in self.events.values() if self._asked(event, since, query)]
            offset = int(query.get("pageToken", "0"))
            page: dict[str, Any] = {"kind": "calendar#events", "timeZone": "Europe/Berlin"}
            page["items"] = found[offset : offset + _PAGE]
            if offset + _PAGE < len(found):
                return Answer(page | {"nextPageToken": str(offset + _PAGE)})
            return Answer(page | {"nextSyncToken": str(max(self.changed.values(), default=0))})

    @route("POST", _EVENTS)
    def insert(self, request: Request, calendar: str) -> Answer:  # noqa: ARG002
        """Make an event; an id is used once for ever, also by one that was deleted."""
        refused = self.refusal(request)
        if refused is not None:
            return refused
        event = request.json()
        if _ID.fullmatch(event["id"]) is None:
            return Answer({"error": {"code": 400, "message": "Invalid resource id value."}}, 400)
        if event["id"] in self.events:
            return Answer({"error": {"code": 409, "errors": [{"reason": "duplicate"}]}}, 409)
        return Answer(self._store(event["id"], event))

    @route("PUT", _EVENTS + "/{event_id}")
    def update(self, request: Request, calendar: str, event_id: str) -> Answer:  # noqa: ARG002
        """Replace an event."""
        refused = self.refusal(request)
        if refused is not None:
            return refused
        if event_id not in self.events:
            return Answer({"error": {"code": 404, "errors": [{"reason": "notFound"}]}}, 404)
        return Answer(self._store(event_id, {"status": "confirmed"} | request.json()))

    @route("DELETE", _EVENTS + "/{event_id}")
    def delete(self, request: Request, calendar: str, event_id: str) -> Answer:  # noqa: ARG002
        """Delete an event."""
        refused = self.refusal(request)
        if refused is not None:
            return refused
        event = self.events.get(event_id)
        if event is None or event["status"] == "cancelled":
            code, reason = (404, "notFound") if event is None else (410, "deleted")
            return Answer({"error": {"code": code, "errors": [{"reason": reason}]}}, code)
        self._store(event_id, {"status": "cancelled"})
        return Answer(None, 204)

    def _store(self, event_id: str, event: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.events[event_id] = event | {"id": event_id}
            self.changed[event_id] = max(self.changed.values(), default=0) + 1
            return self.events[event_id]

    def _asked(self, event: dict[str, Any], since: int, query: dict[str, str]) -> bool:
        if since >= 0:
            return self.changed[event["id"]] > since
        if event["status"] == "cancelled":
            return False
        start, end = (
            event[side].get("dateTime") or f"{event[side]['date']}T00:00:00+00:00" for side in ("start", "end")
        )
        first, last = (datetime.fromisoformat(query[name]) for name in ("timeMin", "timeMax"))
        return datetime.fromisoformat(end) > first and datetime.fromisoformat(start) < last
