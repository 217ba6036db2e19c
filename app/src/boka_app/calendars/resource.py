"""`/api/tenants/{slug}/calendars`: connections to calendars elsewhere, and links to ours."""

import hashlib
import html
from urllib.parse import quote, urlencode
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.appointments.model import AppointmentUnknown
from boka_app.body import read_body
from boka_app.calendars import ics
from boka_app.calendars.model import (
    CalendarConnection,
    CalendarUnknown,
    ConsentInvalid,
    ConsentPage,
    ConsentRequest,
    FeedLink,
    FeedRequest,
    FeedUnknown,
    ProviderMissing,
)
from boka_app.calendars.service import CalendarService
from boka_app.catalog.model import EmployeeUnknown
from boka_app.conventions.etag import etag, unchanged
from boka_app.idempotency.model import require_key
from boka_app.openapi.operations import operation, parameter
from boka_app.parts import Parts, Routes

_ONWARDS = """<!doctype html>
<html lang="en"><head><title>Connecting</title><meta http-equiv="refresh" content="0; url={address}"></head>
<body><p><a href="{address}">Go on</a></p></body></html>
"""


class CalendarsResource:
    """The calendars a tenant heeds."""

    _decoder = msgspec.json.Decoder(FeedRequest)

    def __init__(self, calendars: CalendarService) -> None:
        self._calendars = calendars

    @operation("List connected calendars", answer=list[CalendarConnection], needs="calendars.read")
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer every connection and how it goes."""
        resp.media = await self._calendars.list_connections(slug, req.context.principal)

    @operation(
        "Connect a calendar by its address",
        answer=CalendarConnection,
        status=201,
        body=FeedRequest,
        needs="calendars.write",
        key=True,
        problems=[EmployeeUnknown],
    )
    async def on_post(self, req: Request, resp: Response, slug: str) -> None:
        """Heed a published calendar (iCalendar); whether it can be read shows in its status a moment later."""
        key = require_key(req.get_header("Idempotency-Key"))
        wish = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        made = await self._calendars.connect_feed(slug, req.context.principal, wish, key=key)
        resp.status, resp.media = falcon.HTTP_201, made
        resp.location = f"/api/tenants/{slug}/calendars/{made.id}"


class CalendarResource:
    """One connection."""

    def __init__(self, calendars: CalendarService) -> None:
        self._calendars = calendars

    @operation(
        "Read a connected calendar", answer=CalendarConnection, needs="calendars.read", problems=[CalendarUnknown]
    )
    async def on_get(self, req: Request, resp: Response, slug: str, connection_id: UUID) -> None:
        """Answer the connection and how it goes."""
        found = await self._calendars.get(slug, req.context.principal, connection_id)
        resp.media = found
        resp.set_header("ETag", etag(found.version))
        resp.cache_control = ["no-store"]  # its status changes without a new version

    @operation("Disconnect a calendar", answer=None, needs="calendars.write", if_match=True, problems=[CalendarUnknown])
    async def on_delete(self, req: Request, resp: Response, slug: str, connection_id: UUID) -> None:
        """Stop heeding it; our events in it are withdrawn by a job."""
        await self._calendars.remove(slug, req.context.principal, connection_id, req)
        resp.status = falcon.HTTP_204


class SyncResource:
    """One connection's work."""

    def __init__(self, calendars: CalendarService) -> None:
        self._calendars = calendars

    @operation(
        "Synchronise a calendar now",
        answer=CalendarConnection,
        status=202,
        needs="calendars.write",
        problems=[CalendarUnknown],
    )
    async def on_post(self, req: Request, resp: Response, slug: str, connection_id: UUID) -> None:
        """Order it and answer the connection as it is before."""
        resp.media = await self._calendars.sync(slug, req.context.principal, connection_id)
        resp.status = falcon.HTTP_202


class ConsentsResource:
    """The way to an account at Google or Microsoft."""

    _decoder = msgspec.json.Decoder(ConsentRequest)

    def __init__(self, calendars: CalendarService) -> None:
        self._calendars = calendars

    @operation(
        "Begin to connect an account's calendar",
        answer=ConsentPage,
        body=ConsentRequest,
        needs="calendars.write",
        problems=[EmployeeUnknown, ProviderMissing, ConsentInvalid],
    )
    async def on_post(self, req: Request, resp: Response, slug: str) -> None:
        """Answer the provider's page on which the account's owner agrees."""
        wish = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        resp.media = ConsentPage(authorize_url=await self._calendars.start_consent(slug, req.context.principal, wish))
        resp.cache_control = ["no-store"]


class ConsentAnswerResource:
    """Where a provider sends the browser back to.

    The session's cookie stays out of a request that another site began. So a page of ours comes first, and the request
    that it begins brings the cookie.
    """

    @operation("Come back from a provider", answer=str, content=falcon.MEDIA_HTML)
    async def on_get(self, req: Request, resp: Response, provider: str) -> None:
        """Answer the page that leads on at once."""
        query = {name: req.get_param(name) or "" for name in ("state", "code", "error")}
        address = html.escape(f"/api/calendars/oauth/{quote(provider)}/finish?{urlencode(query)}")
        resp.content_type = falcon.MEDIA_HTML
        resp.text = _ONWARDS.format(address=address)
        resp.cache_control = ["no-store"]


class ConsentFinishResource:
    """The end of connecting an account."""

    def __init__(self, calendars: CalendarService) -> None:
        self._calendars = calendars

    @operation(
        "Finish connecting an account's calendar",
        answer=None,
        status=303,
        needs="account.self",
        parameters=[
            parameter("state", "text", "What this site gave the provider."),
            parameter("code", "text", "What the provider gave for it."),
        ],
        problems=[ConsentInvalid],
    )
    async def on_get(self, req: Request, resp: Response, provider: str) -> None:
        """Connect and lead to the staff's pages."""
        code = req.get_param("code")
        if not code:
            raise ConsentInvalid("the provider gave no consent")
        state = req.get_param("state", required=True)
        await self._calendars.finish_consent(req.context.principal, provider, state=state, code=code)
        resp.status, resp.location = falcon.HTTP_303, "/staff"


class FeedLinkResource:
    """The link to the calendar of an employee or of one appointment."""

    def __init__(self, calendars: CalendarService) -> None:
        self._calendars = calendars

    @operation("Give out a feed link", answer=FeedLink, needs="calendars.write", problems=[AppointmentUnknown])
    async def on_post(self, req: Request, resp: Response, slug: str, subject_id: UUID) -> None:
        """Answer the link; the same one until it is taken back."""
        resp.media = FeedLink(url=await self._calendars.publish(slug, req.context.principal, subject_id))
        resp.cache_control = ["no-store"]

    @operation("Take a feed link back", answer=None, needs="calendars.write")
    async def on_delete(self, req: Request, resp: Response, slug: str, subject_id: UUID) -> None:
        """Make every link given out so far lead nowhere."""
        await self._calendars.withdraw(slug, req.context.principal, subject_id)
        resp.status = falcon.HTTP_204


class FeedResource:
    """What a calendar program reads. Who has the link needs nothing else, since programs send nothing else."""

    def __init__(self, calendars: CalendarService) -> None:
        self._calendars = calendars

    @operation("Read a feed", answer=str, content="text/calendar", problems=[FeedUnknown])
    async def on_get(self, req: Request, resp: Response, slug: str, token: str) -> None:
        """Answer the feed, or 304 where nothing changed."""
        feed = await self._calendars.read_feed(slug, token)
        resp.cache_control = ["private", "max-age=300"]
        if not unchanged(req, resp, f'"{hashlib.sha256(feed).hexdigest()[:32]}"'):
            resp.content_type, resp.data = ics.MEDIA_TYPE, feed


def routes(parts: Parts) -> Routes:
    """Return what this feature answers."""
    calendars = CalendarService(parts)
    return [
        ("/api/tenants/{slug}/calendars", CalendarsResource(calendars)),
        ("/api/tenants/{slug}/calendars/oauth", ConsentsResource(calendars)),
        ("/api/tenants/{slug}/calendars/{connection_id:uuid}", CalendarResource(calendars)),
        ("/api/tenants/{slug}/calendars/{connection_id:uuid}/sync", SyncResource(calendars)),
        ("/api/tenants/{slug}/feeds/{subject_id:uuid}", FeedLinkResource(calendars)),
        ("/api/tenants/{slug}/feeds/{token}.ics", FeedResource(calendars)),
        ("/api/calendars/oauth/{provider}", ConsentAnswerResource()),
        ("/api/calendars/oauth/{provider}/finish", ConsentFinishResource(calendars)),
    ]
