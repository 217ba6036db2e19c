"""`/api/tenants/{slug}/calendars`: connections to calendars elsewhere, and links to ours."""

import hashlib
import html
from functools import partial
from urllib.parse import quote, urlencode

import falcon

from boka_app.appointments.model import AppointmentUnknown
from boka_app.audit import queries as audit
from boka_app.calendars import ics, jobs, model, queries, service
from boka_app.calendars.model import CalendarConnection, CalendarUnknown, ConsentInvalid
from boka_app.catalog.model import EmployeeUnknown
from boka_app.conventions.api import Api, Call
from boka_app.conventions.etag import unchanged
from boka_app.openapi.operations import parameter

_ALL = "/api/tenants/{slug}/calendars"
_ONE = f"{_ALL}/{{connection_id:uuid}}"
_FEED = "/api/tenants/{slug}/feeds/{subject_id:uuid}"
_BACK = "/api/calendars/oauth/{provider}"
_ONWARDS = """<!doctype html>
<html lang="en"><head><title>Connecting</title><meta http-equiv="refresh" content="0; url={address}"></head>
<body><p><a href="{address}">Go on</a></p></body></html>
"""
api = Api()
_look, _change = partial(api, needs="calendars.read"), partial(api, needs="calendars.write")


@_look(f"GET {_ALL}", "List connected calendars")
async def _list(call: Call) -> list[CalendarConnection]:
    """Answer every connection and how it goes."""
    return await queries.list_connections(call.conn)


@_change(f"POST {_ALL}", "Connect a calendar by its address", status=201, key=True, problems=[EmployeeUnknown])
async def _connect(call: Call, wish: model.FeedRequest) -> CalendarConnection:
    """Heed a published calendar (iCalendar); whether it can be read shows in its status a moment later."""
    connect = partial(service.connect_feed, call.conn, call.parts, call.tenant.id, wish)
    made = await call.once(CalendarConnection, connect)
    call.resp.location = f"/api/tenants/{call.tenant.slug}/calendars/{made.id}"
    return made


@_change(
    f"POST {_ALL}/oauth",
    "Begin to connect an account's calendar",
    problems=[EmployeeUnknown, model.ProviderMissing, ConsentInvalid],
)
async def _ask_consent(call: Call, wish: model.ConsentRequest) -> model.ConsentPage:
    """Answer the provider's page on which the account's owner agrees."""
    url = await service.start_consent(call.conn, call.parts, call.tenant.id, call.principal, wish)
    return model.ConsentPage(authorize_url=url)


@_look(f"GET {_ONE}", "Read a connected calendar", problems=[CalendarUnknown])
async def _read(call: Call) -> CalendarConnection:
    """Answer the connection and how it goes."""
    return await queries.get_connection(call.conn, id=call.id)


@_change(f"DELETE {_ONE}", "Disconnect a calendar", if_match=True, problems=[CalendarUnknown])
async def _disconnect(call: Call) -> None:
    """Stop heeding it; our events in it are withdrawn by a job."""
    call.require_match((await _read(call)).version)
    await service.disconnect(call.conn, call.tenant.id, call.id, now=call.now)


@_change(f"POST {_ONE}/sync", "Synchronise a calendar now", status=202, problems=[CalendarUnknown])
async def _sync(call: Call) -> CalendarConnection:
    """Order it and answer the connection as it is before."""
    found = await _read(call)
    await jobs.order_sync(call.conn, call.tenant.id, found.id)
    return found


@_change(f"POST {_FEED}", "Give out a feed link", problems=[AppointmentUnknown])
async def _give_out(call: Call) -> model.FeedLink:
    """Answer the link; the same one until it is taken back."""
    if await queries.employee_name(call.conn, id=call.id) is None:
        await queries.get_visit(call.conn, id=call.id)
    return model.FeedLink(url=await service.feed_url(call.conn, call.parts.settings, call.tenant, call.id))


@_change(f"DELETE {_FEED}", "Take a feed link back")
async def _take_back(call: Call) -> None:
    """Make every link given out so far lead nowhere."""
    await queries.end_generation(call.conn, subject_id=call.id)
    await audit.record(call.conn, "calendar.feed_withdrawn", call.id)


@api(
    "GET /api/tenants/{slug}/feeds/{token}.ics",
    "Read a feed",
    answer=str,
    content="text/calendar",
    problems=[model.FeedUnknown],
)
async def _read_feed(call: Call) -> None:
    """Answer the feed, or 304 where nothing changed."""
    # Who has the link needs nothing else, since programs send nothing else.
    feed = await service.read_feed(call.conn, call.parts, call.tenant, call.path["token"])
    call.resp.cache_control = ["private", "max-age=300"]
    if not unchanged(call.req, call.resp, f'"{hashlib.sha256(feed).hexdigest()[:32]}"'):
        call.resp.content_type, call.resp.data = ics.MEDIA_TYPE, feed


@api(f"GET {_BACK}", "Come back from a provider", answer=str, content=falcon.MEDIA_HTML, alone=True)
async def _come_back(call: Call) -> None:
    """Answer the page that leads on at once."""
    # The session's cookie stays out of a request that another site began. So a page of ours comes first, and the
    # request that it begins brings the cookie.
    query = {name: call.req.get_param(name) or "" for name in ("state", "code", "error")}
    address = html.escape(f"/api/calendars/oauth/{quote(call.path['provider'])}/finish?{urlencode(query)}")
    call.resp.content_type = falcon.MEDIA_HTML
    call.resp.text = _ONWARDS.format(address=address)


@api(
    f"GET {_BACK}/finish",
    "Finish connecting an account's calendar",
    status=303,
    needs="account.self",
    parameters=[
        parameter("state", "text", "What this site gave the provider."),
        parameter("code", "text", "What the provider gave for it."),
    ],
    problems=[ConsentInvalid],
    alone=True,
)
async def _finish(call: Call) -> None:
    """Connect and lead to the staff's pages."""
    code = call.req.get_param("code")
    if not code:
        raise ConsentInvalid("the provider gave no consent")
    state = call.req.get_param("state", required=True)
    await service.finish_consent(call.parts, call.principal, call.path["provider"], state=state, code=code)
    call.resp.location = "/staff"
