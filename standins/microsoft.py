"""A stand-in for the calendar of Microsoft Graph, version 1.0, with one calendar.

Source: its pages "Get incremental changes to events in a calendar view" and "event resource type".
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import unquote

from standins.oauth import OAuthStandin
from standins.server import Answer, Request, route

_DELTA = "/v1.0/me/calendarView/delta"
_PAGE = 2  # events; small, so that every reading takes several pages


class Microsoft(OAuthStandin):
    """One account. `events` maps ids to events, None where one was deleted."""

    name: ClassVar[str] = "microsoft"
    rotates: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[str, Any] | None] = {}
        self.changed: dict[str, int] = {}

    @property
    def settings(self) -> dict[str, str]:
        """Return the addresses that the service must be told."""
        return {
            "api_url": f"{self.url}/v1.0",
            "authorize_url": f"{self.url}/authorize",
            "token_url": f"{self.url}/token",
        }

    def put(self, event_id: str, starts_at: datetime, ends_at: datetime, *, busy: bool = True) -> None:
        """Make or change somebody's own event."""
        shown = "busy" if busy else "free"
        self._store(event_id, {"type": "singleInstance", "showAs": shown} | _span(starts_at, ends_at))

    def put_day(self, event_id: str, day: str, day_after: str) -> None:
        """Make an event of whole days."""
        midnights = {
            side: {"dateTime": f"{date}T00:00:00.0000000", "timeZone": "UTC"}
            for side, date in (("start", day), ("end", day_after))
        }
        self._store(event_id, {"type": "singleInstance", "showAs": "busy", "isAllDay": True} | midnights)

    def remove(self, event_id: str) -> None:
        """Delete an event, as its owner does."""
        self._store(event_id, None)

    def written(self) -> dict[str, tuple[datetime, datetime]]:
        """Return the spans of the events that the service wrote."""
        return {
            event_id: (_moment(event, "start"), _moment(event, "end"))
            for event_id, event in self.events.items()
            if event is not None and "transactionId" in event
        }

    @route("GET", _DELTA)
    def delta(self, request: Request) -> Answer:
        """Answer a page of a round: of everything in the span, or of what changed since a token."""
        refused = self.refusal(request)
        if refused is not None:
            return refused
        query = request.query
        token = query.get("$skiptoken") or query.get("$deltatoken")
        everything = {"span": [query.get("startDateTime"), query.get("endDateTime")], "since": -1, "at": 0}
        asked: dict[str, Any] = _read(token) if token else everything
        if "$deltatoken" in query and self.faulty(request.path, "expired"):
            return Answer({"error": {"code": "syncStateNotFound", "message": "The sync state is too old."}}, 410)
        with self.lock:
            found = [event_id for event_id in self.events if self._asked(event_id, asked)]
            page = found[asked["at"] : asked["at"] + _PAGE]
            answer: dict[str, Any] = {"value": [self._shown(event_id) for event_id in page]}
            if asked["at"] + _PAGE < len(found):
                return Answer(
                    answer | {"@odata.nextLink": self._link("$skiptoken", asked | {"at": asked["at"] + _PAGE})}
                )
            since = max(self.changed.values(), default=0)
            return Answer(answer | {"@odata.deltaLink": self._link("$deltatoken", asked | {"at": 0, "since": since})})

    @route("POST", "/v1.0/me/events")
    def create(self, request: Request) -> Answer:
        """Make an event; a second with its transactionId is answered with the first."""
        refused = self.refusal(request)
        if refused is not None:
            return refused
        event = request.json()
        with self.lock:
            for event_id, earlier in self.events.items():
                if earlier is not None and earlier.get("transactionId") == event["transactionId"]:
                    return Answer(self._shown(event_id), 201)
            event_id = f"AAMk{secrets.token_urlsafe(12)}="
            self._store(event_id, {"type": "singleInstance"} | event)
            return Answer(self._shown(event_id), 201)

    @route("PATCH", "/v1.0/me/events/{event_id}")
    def update(self, request: Request, event_id: str) -> Answer:
        """Change an event."""
        refused = self.refusal(request)
        if refused is not None:
            return refused
        event_id = unquote(event_id)
        event = self.events.get(event_id)
        if event is None:
            return Answer({"error": {"code": "ErrorItemNotFound"}}, 404)
        self._store(event_id, event | request.json())
        return Answer(self._shown(event_id))

    @route("DELETE", "/v1.0/me/events/{event_id}")
    def delete(self, request: Request, event_id: str) -> Answer:
        """Delete an event."""
        refused = self.refusal(request)
        if refused is not None:
            return refused
        event_id = unquote(event_id)
        if self.events.get(event_id) is None:
            return Answer({"error": {"code": "ErrorItemNotFound"}}, 404)
        self._store(event_id, None)
        return Answer(None, 204)

    def _store(self, event_id: str, event: dict[str, Any] | None) -> None:
        with self.lock:
            self.events[event_id] = event
            self.changed[event_id] = max(self.changed.values(), default=0) + 1

    def _shown(self, event_id: str) -> dict[str, Any]:
        event = self.events[event_id]
        if event is None:
            return {"@odata.type": "#microsoft.graph.event", "id": event_id, "@removed": {"reason": "deleted"}}
        return event | {"@odata.type": "#microsoft.graph.event", "id": event_id}

    def _asked(self, event_id: str, asked: dict[str, Any]) -> bool:
        event = self.events[event_id]
        if event is None:
            return self.changed[event_id] > asked["since"] >= 0
        first, last = (datetime.fromisoformat(moment.replace("Z", "+00:00")) for moment in asked["span"])
        inside = _moment(event, "end") > first and _moment(event, "start") < last
        return inside and self.changed[event_id] > asked["since"]

    def _link(self, name: str, asked: dict[str, Any]) -> str:
        return f"{self.url}{_DELTA}?{name}={urlsafe_b64encode(json.dumps(asked).encode()).decode()}"


def _read(token: str) -> dict[str, Any]:
    return json.loads(urlsafe_b64decode(token))


def _span(starts_at: datetime, ends_at: datetime) -> dict[str, Any]:
    return {
        side: {"dateTime": f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}
        for side, moment in (("start", starts_at), ("end", ends_at))
    }


def _moment(event: dict[str, Any], side: str) -> datetime:
    return datetime.fromisoformat(event[side]["dateTime"][:19]).replace(tzinfo=UTC)
