"""Google Calendar, API version 3. Source: its reference of `events`, its guide "Synchronize resources efficiently"."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from boka_app.calendars.model import Busy, OurEvent, Window
from boka_app.calendars.providers import Asked, Provider, spans

_FIELDS = (
    "nextPageToken,nextSyncToken,timeZone,"
    "items(id,status,transparency,eventType,start,end,extendedProperties/private,attendees(self,responseStatus))"
)
_OURS = "bokaAppointment"  # a private property only this application sees
_CONFLICT = 409


class Google(Provider):
    """Somebody's Google calendar."""

    scope = "https://www.googleapis.com/auth/calendar.events"
    consent: ClassVar = {"access_type": "offline", "prompt": "consent"}  # else a second consent gives no refresh token
    items, end, verb = "items", "nextSyncToken", "PUT"  # a PUT brings back what its owner deleted

    async def create(self, event: OurEvent) -> str:
        """Write an event under an id of our choice, so that a second attempt meets the first."""
        ref = event.request_id.hex  # ids are of a-v and 0-9
        answer = await self._send("POST", self._url(), json=self._body(event) | {"id": ref}, accept=(_CONFLICT,))
        if answer.status_code == _CONFLICT:
            await self.update(ref, event)
        return ref

    def _first(self, state: str | None, window: Window) -> Asked:
        since = {"timeMin": window.begin.isoformat(), "timeMax": window.end.isoformat()}
        since = since if state is None else {"syncToken": state}
        return self._url(), {"singleEvents": "true", "maxResults": "2500", "fields": _FIELDS} | since

    def _next(self, url: str, asked: dict[str, str] | None, page: dict[str, Any]) -> Asked:
        return url, (asked or {}) | {"pageToken": page["nextPageToken"]}

    def _url(self, ref: str = "") -> str:
        address = f"{self._settings.api_url}/calendars/{quote(self._calendar, safe='')}/events"
        return f"{address}/{ref}" if ref else address

    def _body(self, event: OurEvent) -> dict[str, Any]:
        return {
            "summary": event.summary,
            "description": event.description,
            "start": {"dateTime": event.starts_at.isoformat()},
            "end": {"dateTime": event.ends_at.isoformat()},
            "status": "tentative" if event.tentative else "confirmed",
            "extendedProperties": {"private": {_OURS: str(event.appointment_id)}},
        }

    def _busy(self, items: list[dict[str, Any]], zone: str) -> list[Busy]:
        local, kept = ZoneInfo(zone), (item for item in items if not _is_free(item))
        return spans([(item["id"], _moment(item["start"], local), _moment(item["end"], local)) for item in kept])


def _is_free(item: dict[str, Any]) -> bool:
    declined = any(a.get("self") and a.get("responseStatus") == "declined" for a in item.get("attendees", []))
    ours = _OURS in item.get("extendedProperties", {}).get("private", {})
    free = item.get("transparency") == "transparent" or item.get("eventType") == "workingLocation"
    return item.get("status") == "cancelled" or declined or ours or free


def _moment(value: dict[str, str], zone: ZoneInfo) -> datetime:
    if "dateTime" in value:
        return datetime.fromisoformat(value["dateTime"]).astimezone(UTC)
    return datetime.fromisoformat(value["date"]).replace(tzinfo=zone).astimezone(UTC)
