"""Microsoft Graph, version 1.0. Source: its pages "event resource type" and "Get incremental changes to events"."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from boka_app.calendars.model import Busy, Changes, OurEvent, RemoteFailed, Window
from boka_app.calendars.providers import MAX_PAGES, Provider

if TYPE_CHECKING:
    import httpx

# Times in UTC, ids that stay when an event is moved between folders, pages of 200.
_PREFER = {"Prefer": 'outlook.timezone="UTC", IdType="ImmutableId", odata.maxpagesize=200'}
_FREE = ("free", "workingElsewhere")
_NOT_FOUND, _GONE = 404, 410


class Microsoft(Provider):
    """Somebody's Outlook calendar."""

    scope = "offline_access https://graph.microsoft.com/Calendars.ReadWrite"

    async def list_changes(
        self, http: "httpx.AsyncClient", access: str, calendar: str, *, state: str | None, window: Window
    ) -> Changes:
        """Follow the delta link; 410 says that it has expired, then all are read."""
        span = {"startDateTime": _utc(window.begin), "endDateTime": _utc(window.end)}
        url, asked = state or f"{self._calendar(calendar)}/calendarView/delta", None if state else span
        items: list[dict[str, Any]] = []
        for _ in range(MAX_PAGES):
            if not url.startswith(self._settings.api_url):
                raise RemoteFailed("the provider leads to another host; our token stays here")
            answer = await self._send(http, "GET", url, access, params=asked, headers=_PREFER, accept=(_GONE,))
            if answer.status_code == _GONE and state is not None:
                return await self.list_changes(http, access, calendar, state=None, window=window)
            page = answer.json()
            items += page.get("value", [])
            if "@odata.deltaLink" in page:
                busy = _all_busy(items, ZoneInfo(window.zone))
                names = {each.uid for each in busy}
                gone = [item["id"] for item in items if item["id"] not in names]
                return Changes(busy=busy, gone=gone, state=page["@odata.deltaLink"], whole=state is None)
            url, asked = page["@odata.nextLink"], None
        raise RemoteFailed(f"the calendar has more than {MAX_PAGES} pages of events")

    async def create(self, http: "httpx.AsyncClient", access: str, calendar: str, event: OurEvent) -> str:
        """Write an event; a second with the same transactionId is answered with the first."""
        body = _body(event) | {"transactionId": str(event.request_id)}
        url = f"{self._calendar(calendar)}/events"
        answer = await self._send(http, "POST", url, access, json=body, headers=_PREFER)
        return answer.json()["id"]

    async def update(self, http: "httpx.AsyncClient", access: str, calendar: str, ref: str, event: OurEvent) -> bool:  # noqa: ARG002
        """Change the event."""
        url = self._event(ref)
        answer = await self._send(http, "PATCH", url, access, json=_body(event), headers=_PREFER, accept=(_NOT_FOUND,))
        return answer.status_code != _NOT_FOUND

    async def delete(self, http: "httpx.AsyncClient", access: str, calendar: str, ref: str) -> None:  # noqa: ARG002
        """Delete the event."""
        await self._send(http, "DELETE", self._event(ref), access, headers=_PREFER, accept=(_NOT_FOUND,))

    def _calendar(self, calendar: str) -> str:
        base = f"{self._settings.api_url}/me"
        return base if calendar == "primary" else f"{base}/calendars/{quote(calendar, safe='')}"

    def _event(self, ref: str) -> str:
        return f"{self._settings.api_url}/me/events/{quote(ref, safe='')}"


def _body(event: OurEvent) -> dict[str, Any]:
    return {
        "subject": event.summary,
        "body": {"contentType": "text", "content": event.description},
        "start": {"dateTime": _utc(event.starts_at).removesuffix("Z"), "timeZone": "UTC"},
        "end": {"dateTime": _utc(event.ends_at).removesuffix("Z"), "timeZone": "UTC"},
        "showAs": "tentative" if event.tentative else "busy",
    }


def _all_busy(items: list[dict[str, Any]], zone: ZoneInfo) -> list[Busy]:
    """Return the times that events keep. An occurrence may say only when it is; its series says the rest."""
    series = {item["id"]: item for item in items if item.get("type") == "seriesMaster"}
    told = [series.get(item.get("seriesMasterId", ""), {}) | item for item in items if item["id"] not in series]
    return [busy for item in told if (busy := _busy(item, zone)) is not None]


def _busy(item: dict[str, Any], zone: ZoneInfo) -> Busy | None:
    declined = item.get("responseStatus", {}).get("response") == "declined"
    if "@removed" in item or item.get("isCancelled") or declined or item.get("showAs", "busy") in _FREE:
        return None
    starts_at, ends_at = (_moment(item[end]["dateTime"], zone, item) for end in ("start", "end"))
    return Busy(uid=item["id"], starts_at=starts_at, ends_at=ends_at) if starts_at < ends_at else None


def _moment(text: str, zone: ZoneInfo, item: dict[str, Any]) -> datetime:
    """Return a time; that of a whole day is the date's midnight where the business is."""
    told = datetime.fromisoformat(text[:19])  # seven decimals follow, which 3.11 reads and nobody needs
    return told.replace(tzinfo=zone if item.get("isAllDay") else UTC).astimezone(UTC)


def _utc(moment: datetime) -> str:
    return format(moment.astimezone(UTC), "%Y-%m-%dT%H:%M:%SZ")
