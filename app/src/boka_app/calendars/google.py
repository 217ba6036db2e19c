"""Google Calendar, API version 3. Source: its reference of `events`, its guide "Synchronize resources efficiently"."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from boka_app.calendars.model import Busy, Changes, OurEvent, RemoteFailed, Window
from boka_app.calendars.providers import MAX_PAGES, Provider

if TYPE_CHECKING:
    import httpx

_FIELDS = (
    "nextPageToken,nextSyncToken,timeZone,"
    "items(id,status,transparency,eventType,start,end,extendedProperties/private,attendees(self,responseStatus))"
)
_OURS = "bokaAppointment"  # a private property only this application sees
_NOT_FOUND, _CONFLICT, _GONE = 404, 409, 410


class Google(Provider):
    """Somebody's Google calendar."""

    scope = "https://www.googleapis.com/auth/calendar.events"
    consent = {"access_type": "offline", "prompt": "consent"}  # noqa: RUF012  else a second consent gives no refresh token

    async def list_changes(
        self, http: "httpx.AsyncClient", access: str, calendar: str, *, state: str | None, window: Window
    ) -> Changes:
        """Read events since the sync token; 410 says that it has expired, then all are read."""
        asked = {"singleEvents": "true", "maxResults": "2500", "fields": _FIELDS}
        if state is None:
            asked |= {"timeMin": window.begin.isoformat(), "timeMax": window.end.isoformat()}
        else:
            asked["syncToken"] = state
        busy: list[Busy] = []
        gone: list[str] = []
        for _ in range(MAX_PAGES):
            answer = await self._send(http, "GET", self._url(calendar), access, params=asked, accept=(_GONE,))
            if answer.status_code == _GONE:
                return await self.list_changes(http, access, calendar, state=None, window=window)
            page = answer.json()
            for item in page.get("items", []):
                span = _busy(item, ZoneInfo(page.get("timeZone") or window.zone))
                busy += [span] if span else []
                gone += [] if span else [item["id"]]
            if "nextSyncToken" in page:
                return Changes(busy=busy, gone=gone, state=page["nextSyncToken"], whole=state is None)
            asked["pageToken"] = page["nextPageToken"]
        raise RemoteFailed(f"the calendar has more than {MAX_PAGES} pages of events")

    async def create(self, http: "httpx.AsyncClient", access: str, calendar: str, event: OurEvent) -> str:
        """Write an event under an id of our choice, so that a second attempt meets the first."""
        ref = event.request_id.hex  # ids are of a-v and 0-9
        body = _body(event) | {"id": ref}
        answer = await self._send(http, "POST", self._url(calendar), access, json=body, accept=(_CONFLICT,))
        if answer.status_code == _CONFLICT:
            await self.update(http, access, calendar, ref, event)
        return ref

    async def update(self, http: "httpx.AsyncClient", access: str, calendar: str, ref: str, event: OurEvent) -> bool:
        """Replace the event; one that its owner deleted comes back."""
        gone = (_NOT_FOUND, _GONE)
        answer = await self._send(http, "PUT", self._url(calendar, ref), access, json=_body(event), accept=gone)
        return answer.status_code not in gone

    async def delete(self, http: "httpx.AsyncClient", access: str, calendar: str, ref: str) -> None:
        """Delete the event."""
        await self._send(http, "DELETE", self._url(calendar, ref), access, accept=(_NOT_FOUND, _GONE))

    def _url(self, calendar: str, ref: str = "") -> str:
        return f"{self._settings.api_url}/calendars/{quote(calendar, safe='')}/events" + (f"/{ref}" if ref else "")


def _body(event: OurEvent) -> dict[str, Any]:
    return {
        "summary": event.summary,
        "description": event.description,
        "start": {"dateTime": event.starts_at.isoformat()},
        "end": {"dateTime": event.ends_at.isoformat()},
        "status": "tentative" if event.tentative else "confirmed",
        "extendedProperties": {"private": {_OURS: str(event.appointment_id)}},
    }


def _busy(item: dict[str, Any], zone: ZoneInfo) -> Busy | None:
    """Return the time an event keeps, or None if it keeps none, or is ours."""
    declined = any(a.get("self") and a.get("responseStatus") == "declined" for a in item.get("attendees", []))
    ours = _OURS in item.get("extendedProperties", {}).get("private", {})
    free = item.get("transparency") == "transparent" or item.get("eventType") == "workingLocation"
    if item.get("status") == "cancelled" or declined or ours or free:
        return None
    starts_at, ends_at = (_moment(item[end], zone) for end in ("start", "end"))
    return Busy(uid=item["id"], starts_at=starts_at, ends_at=ends_at) if starts_at < ends_at else None


def _moment(value: dict[str, str], zone: ZoneInfo) -> datetime:
    if "dateTime" in value:
        return datetime.fromisoformat(value["dateTime"]).astimezone(UTC)
    return datetime.fromisoformat(value["date"]).replace(tzinfo=zone).astimezone(UTC)
