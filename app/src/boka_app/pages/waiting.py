"""The pages of the waitlist: join, see one's place, leave it, take what it offers."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import falcon

from boka_app.catalog import queries as catalog
from boka_app.conventions.api import Call
from boka_app.idempotency.model import require_key
from boka_app.pages import model
from boka_app.pages.site import Shown, Site
from boka_app.waitlist import service as waitlist
from boka_app.waitlist.model import WaitlistUnknown

_JOIN, _PLACE = "/b/{slug}/{service_id:uuid}/waitlist", "/b/{slug}/waitlist/{entry_id:uuid}/{token}"
page = Site()
_own = partial(page, unknown=WaitlistUnknown, purpose="waitlist")


@page(f"GET {_JOIN}")
async def _enter_details(call: Call) -> Shown:
    """Show the form, with the days that the page before showed."""
    given = {name: call.req.get_param(name) or "" for name in ("from", "to", "employee")}
    return await _show_form(call, given | {"key": str(uuid4())})


@page(f"POST {_JOIN}")
async def _join(call: Call) -> Shown:
    """Join and lead to the place; or show the form again with what to correct."""
    key = require_key(call.wish.get("key"))
    try:
        wish = model.waiting_from_form(call.wish, call.id, call.tenant.time_zone)
    except model.FormInvalid as err:
        call.resp.status = falcon.HTTP_422
        return await _show_form(call, call.wish, err.help_by_field)
    joined = await waitlist.join(call.conn, call.parts, call.tenant, wish, key=key)
    return f"/b/{call.tenant.slug}/waitlist/{joined.entry.id}/{joined.token}"


async def _show_form(call: Call, given: dict[str, str], help_by_field: dict[str, str] | None = None) -> Shown:
    service = await catalog.get_service(call.conn, call.id)
    people = [e for e in await catalog.list_employees(call.conn) if call.id in e.services]
    now = model.today(call.tenant, call.now)
    week = {"from": str(now), "to": str(now + timedelta(days=model.DAYS_SHOWN - 1))}
    fields = dict.fromkeys(("name", "email", "phone"), "") | week | {name: text for name, text in given.items() if text}
    facts = {"service": service, "people": people, "today": now}
    return "waitlist.html", facts | {"fields": fields, "help_by_field": help_by_field or {}}


@_own(f"GET {_PLACE}")
async def _show_place(call: Call) -> Shown:
    """Show what it waits for, or was offered."""
    entry = await waitlist.read(call.conn, call.parts, call.tenant, call.id)
    service = await catalog.get_service(call.conn, entry.service)
    last = (entry.latest - timedelta(minutes=1)).date()
    return "place.html", {"service": service, "entry": entry, "last": last}


@_own(f"POST {_PLACE}")
async def _leave(call: Call) -> Shown:
    """Leave, and show it."""
    await waitlist.leave(call.conn, call.id, call.now)
    return call.req.path


@page("POST /b/{slug}/appointments/{appointment_id:uuid}/{token}/accept")
async def _accept(call: Call) -> Shown:
    """Take the time that is kept, and show the appointment."""
    await waitlist.accept(call.conn, call.id, call.now)
    return call.req.path.removesuffix("/accept")
