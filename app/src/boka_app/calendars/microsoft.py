"""Microsoft Graph, version 1.0. Source: its pages "event resource type" and "Get incremental changes to events"."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from boka_app.calendars.model import Busy, OurEvent, RemoteFailed, Window
from boka_app.calendars.providers import Asked, Provider, spans

_FREE = ("free", "workingElsewhere")


class Microsoft(Provider):
    """Somebody's Outlook calendar."""

    scope = "offline_access https://graph.microsoft.com/Calendars.ReadWrite"
    # Times in UTC, ids that stay when an event is moved between folders, pages of 200.
    headers: ClassVar = {"Prefer": 'outlook.timezone="UTC", IdType="ImmutableId", odata.maxpagesize=200'}
    items, end, verb = "value", "@odata.deltaLink", "PATCH"

    async def create(self, event: OurEvent) -> str:
        """Write an event; a second with the same transactionId is answered with the first."""
        body = self._body(event) | {"transactionId": str(event.request_id)}
        return (await self._send("POST", f"{self._place()}/events", json=body)).json()["id"]

    def _first(self, state: str | None, window: Window) -> Asked:
        if state is not None:
            return self._here(state), None
        span = {"startDateTime": _utc(window.begin), "endDateTime": _utc(window.end)}
        return f"{self._place()}/calendarView/delta", span

    def _next(self, url: str, asked: dict[str, str] | None, page: dict[str, Any]) -> Asked:  # noqa: ARG002  the link has all
        return self._here(page["@odata.nextLink"]), None

    def _here(self, url: str) -> str:
        if not url.startswith(self._settings.api_url):
            raise RemoteFailed("the provider leads to another host; our token stays here")
        return url

    def _place(self) -> str:
        base = f"{self._settings.api_url}/me"
        return base if self._calendar == "primary" else f"{base}/calendars/{quote(self._calendar, safe='')}"

    def _url(self, ref: str = "") -> str:
        return f"{self._settings.api_url}/me/events/{quote(ref, safe='')}"

    def _body(self, event: OurEvent) -> dict[str, Any]:
        return {
            "subject": event.summary,
            "body": {"contentType": "text", "content": event.description},
            "start": {"dateTime": _utc(event.starts_at).removesuffix("Z"), "timeZone": "UTC"},
            "end": {"dateTime": _utc(event.ends_at).removesuffix("Z"), "timeZone": "UTC"},
            "showAs": "tentative" if event.tentative else "busy",
        }

    def _busy(self, items: list[dict[str, Any]], zone: str) -> list[Busy]:
        """Return the times; an occurrence may say only when it is, its series says the rest."""
        series = {item["id"]: item for item in items if item.get("type") == "seriesMaster"}
        told = [series.get(item.get("seriesMasterId", ""), {}) | item for item in items if item["id"] not in series]
        kept = (item for item in told if not _is_free(item))
        return spans([(item["id"], _moment(item, "start", zone), _moment(item, "end", zone)) for item in kept])


def _is_free(item: dict[str, Any]) -> bool:
    declined = item.get("responseStatus", {}).get("response") == "declined"
    return "@removed" in item or item.get("isCancelled") or declined or item.get("showAs", "busy") in _FREE


def _moment(item: dict[str, Any], end: str, zone: str) -> datetime:
    """Return a time; that of a whole day is the date's midnight where the business is."""
    told = datetime.fromisoformat(
        item[end]["dateTime"][:19]
    )  # seven decimals follow, which 3.11 reads and nobody needs
    return told.replace(tzinfo=ZoneInfo(zone) if item.get("isAllDay") else UTC).astimezone(UTC)


def _utc(moment: datetime) -> str:
    return format(moment.astimezone(UTC), "%Y-%m-%dT%H:%M:%SZ")
