"""The pages of a visit every week: book them all from the form of one, see them together."""

from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import falcon

from boka_app.appointments import tokens
from boka_app.appointments.service import AppointmentService
from boka_app.conventions.api import Call
from boka_app.database import tenant_transaction
from boka_app.idempotency.model import require_key
from boka_app.pages import model
from boka_app.pages.resource import show_details
from boka_app.pages.site import Shown, Site
from boka_app.parts import Parts, Routes
from boka_app.series import rules, service
from boka_app.series.model import SeriesConflicts, SeriesUnknown


def routes(parts: Parts, appointments: AppointmentService) -> Routes:
    """Return the addresses of booking a series and of looking at one."""
    page = Site()
    page("POST /b/{slug}/{service_id:uuid}/series", alone=True)(partial(_book, appointments))
    page("GET /b/{slug}/series/{series_id:uuid}/{token}", unknown=SeriesUnknown, purpose="series")(_show)
    return page.routes(parts)


async def _book(appointments: AppointmentService, call: Call) -> Shown:
    """Book all visits and lead to them; or show which cannot be had, and offer the others."""
    fields, slug, key = call.wish, call.path["slug"], require_key(call.wish.get("key"))
    try:
        wish = model.series_from_form(fields, call.id)
    except model.FormInvalid as err:
        return await show_details(call, fields, err.help_by_field)
    if fields.get("hold"):  # it keeps the first of these times
        await appointments.release(slug, UUID(fields["hold"]), fields.get("hold_token", ""))
    async with tenant_transaction(call.parts.pool, slug) as (conn, tenant):
        try:
            async with conn.transaction():
                booked = await service.book(conn, call.parts, tenant, wish, key=key)
        except SeriesConflicts as err:
            call.resp.status = falcon.HTTP_409
            gone = {fault["pointer"] for fault in err.faults}
        else:
            return f"/b/{slug}/series/{booked.series.id}/{booked.token}"
    zone = ZoneInfo(tenant.time_zone)
    starts = rules.occurrences(wish.starts_at, zone, every_days=wish.every_days, count=wish.occurrences)
    refused, free = ([s.astimezone(zone) for s in starts if (s.isoformat() in gone) is so] for so in (True, False))
    facts = {"tenant": tenant, "fields": fields, "employee_id": wish.employee, "here": call.req.path}
    return "repeat.html", facts | {"refused": refused, "free": free}


async def _show(call: Call) -> Shown:
    """Show visits that were booked together by time, each with the way to its page."""
    sign = partial(tokens.sign, call.parts.settings.signing_key, call.tenant.id)
    return "series.html", {"series": await service.read(call.conn, call.id), "sign": sign}
