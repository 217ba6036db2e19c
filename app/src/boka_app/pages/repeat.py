"""The pages of a visit every week: book them all from the form of one, see them together."""

from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import falcon
from falcon.asgi import Request, Response

from boka_app.appointments import tokens
from boka_app.appointments.service import AppointmentService
from boka_app.database import tenant_transaction
from boka_app.idempotency.model import require_key
from boka_app.pages import model
from boka_app.pages.resource import DetailsPage, own, read_form, show
from boka_app.parts import Parts, Routes
from boka_app.series import rules, service
from boka_app.series.model import SeriesConflicts, SeriesRequest, SeriesUnknown


def routes(parts: Parts, appointments: AppointmentService) -> Routes:
    """Return the addresses of booking a series and of looking at one."""
    return [
        ("/b/{slug}/{service_id:uuid}/series", RepeatPage(parts, appointments)),
        ("/b/{slug}/series/{series_id:uuid}/{token}", SeriesPage(parts)),
    ]


class RepeatPage(DetailsPage):
    """`/b/{slug}/{service}/series`: the same form, for a visit every week."""

    async def on_post(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Book all visits and lead to them; or show which cannot be had, and offer the others."""
        fields = await read_form(req)
        key = require_key(fields.get("key"))
        try:
            wish = model.series_from_form(fields, service_id)
        except model.FormInvalid as err:
            resp.status = falcon.HTTP_422
            await self._show_form(req, resp, slug, service_id, fields, err.help_by_field)
            return
        if fields.get("hold"):  # it keeps the first of these times
            await self._appointments.release(slug, UUID(fields["hold"]), fields.get("hold_token", ""))
        try:
            async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
                booked = await service.book(conn, self._parts, tenant, wish, key=key)
        except SeriesConflicts as err:
            await self._show_refused(req, resp, slug, wish, fields, err)
            return
        raise falcon.HTTPSeeOther(f"/b/{slug}/series/{booked.series.id}/{booked.token}")

    async def _show_refused(
        self, req: Request, resp: Response, slug: str, wish: SeriesRequest, fields: dict[str, str], err: SeriesConflicts
    ) -> None:
        async with tenant_transaction(self._parts.pool, slug) as (_, tenant):
            resp.status = falcon.HTTP_409
        zone, gone = ZoneInfo(tenant.time_zone), {fault["pointer"] for fault in err.faults}
        starts = rules.occurrences(wish.starts_at, zone, every_days=wish.every_days, count=wish.occurrences)
        refused, free = ([s.astimezone(zone) for s in starts if (s.isoformat() in gone) is so] for so in (True, False))
        facts = {"tenant": tenant, "fields": fields, "employee_id": wish.employee, "here": req.path}
        show(req, resp, "repeat.html", tenant.locale, **facts, refused=refused, free=free)


class SeriesPage:
    """`/b/{slug}/series/{id}/{token}`: visits that were booked together."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def on_get(self, req: Request, resp: Response, slug: str, series_id: UUID, token: str) -> None:
        """Answer the visits by time, each with the way to its page."""
        async with own(self._parts, slug, series_id, token, SeriesUnknown, purpose="series") as (conn, tenant):
            series = await service.read(conn, series_id)
        sign = partial(tokens.sign, self._parts.settings.signing_key, tenant.id)
        show(req, resp, "series.html", tenant.locale, tenant=tenant, series=series, sign=sign)
