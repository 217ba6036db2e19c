"""`/b/{slug}/live` for everybody; `/api/tenants/{slug}/live` for staff, by Server-Sent Events or WebSocket."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import falcon
import msgspec
from falcon.asgi import Request, Response, SSEvent, WebSocket
from psycopg import OperationalError

from boka_app.errors import DomainError
from boka_app.live import rules, service
from boka_app.live.model import Event, Position, TooManyListeners
from boka_app.live.service import Feeds
from boka_app.openapi.operations import operation
from boka_app.parts import Parts, Routes

_RETRY_MS = 3000  # how long a browser waits before it comes back
_Show = Callable[[Event], list[Any]]  # what an event looks like to this listener: nothing, one thing or several


def routes(parts: Parts) -> Routes:
    """Return the addresses of live events; both share their readers."""
    feeds = Feeds(parts.pool)
    return [
        ("/b/{slug}/live", PublicStream(feeds)),
        ("/api/tenants/{slug}/live", StaffStream(feeds)),
    ]


class PublicStream:
    """Which times are taken and freed, and nothing of whom."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds

    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer a stream that begins after Last-Event-ID, else after `since`, else now."""
        await _answer(self._feeds, req, resp, slug, rules.changes)


class StaffStream:
    """Every event of the tenant."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds

    @operation(
        "Follow a tenant's events", answer=None, status=200, needs="appointments.read", problems=[TooManyListeners]
    )
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer a stream that begins after Last-Event-ID, else after `since`, else now."""
        await _answer(self._feeds, req, resp, slug, lambda event: [event])

    @operation("Follow a tenant's events", answer=None, status=200, needs="appointments.read")
    async def on_websocket(self, req: Request, ws: WebSocket, slug: str) -> None:
        """Send each event as a text of JSON, `{"kind":"beat"}` when there is none for a while."""
        begin, now = await self._feeds.admit(slug, _since(req))
        await ws.accept()
        events = _while_admitted(req, self._feeds.events(slug, begin, now))
        try:
            async for event in events:
                await ws.send_text(msgspec.json.encode({"kind": event} if isinstance(event, str) else event).decode())
        except falcon.WebSocketDisconnected:
            return
        finally:
            await events.aclose()


async def _answer(feeds: Feeds, req: Request, resp: Response, slug: str, show: _Show) -> None:
    begin, now = await feeds.admit(slug, _since(req))
    resp.cache_control = ["no-store"]
    resp.set_header("X-Accel-Buffering", "no")  # a proxy that collects an answer before passing it on holds it for good
    resp.sse = _stream(_while_admitted(req, feeds.events(slug, begin, now)), show)


async def _while_admitted(req: Request, events: AsyncGenerator[Event | str]) -> AsyncGenerator[Event | str]:
    """Pass events on until whoever listens is logged out, or may not any more."""
    looked = time.monotonic()
    async with aclosing(events):
        async for event in events:
            if time.monotonic() - looked >= service.HEARTBEAT_S:
                try:
                    await req.context.admit()
                except DomainError:
                    return
                except OperationalError:  # the database is away, and with it the news
                    pass
                looked = time.monotonic()
            yield event


async def _stream(events: AsyncGenerator[Event | str], show: _Show) -> AsyncGenerator[SSEvent]:
    yield SSEvent(comment="listening", retry=_RETRY_MS)
    try:
        async for event in events:
            if isinstance(event, str):
                yield SSEvent(comment=event) if event == "beat" else SSEvent(event=event, text="")
                continue
            *others, last = [(shown.kind, msgspec.json.encode(shown)) for shown in show(event)] or [("", b"")]
            for kind, data in others:
                yield SSEvent(event=kind, data=data)
            if last[0]:  # only here the listener has all of the event, so only this one says where to go on
                yield SSEvent(event=last[0], data=last[1], event_id=str(event.position))
    finally:
        await events.aclose()


def _since(req: Request) -> Position | None:
    given = req.get_header("Last-Event-ID") or req.get_param("since")
    if not given:
        return None
    found = rules.position(given)
    if found is None:
        raise falcon.HTTPInvalidParam("it looks like 812-4711, as an event's id does", "since")
    return found
