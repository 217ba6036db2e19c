"""The pages of the waitlist: join, see one's place, leave it, take what it offers."""

from datetime import timedelta
from uuid import UUID, uuid4

import falcon
from falcon.asgi import Request, Response

from boka_app.catalog import queries as catalog
from boka_app.database import tenant_transaction
from boka_app.idempotency.model import require_key
from boka_app.pages import model
from boka_app.pages.resource import own, read_form, show
from boka_app.parts import Parts, Routes
from boka_app.waitlist import service as waitlist
from boka_app.waitlist.model import WaitlistUnknown


def routes(parts: Parts) -> Routes:
    """Return the addresses of waiting, and of accepting what the wait was for."""
    return [
        ("/b/{slug}/{service_id:uuid}/waitlist", JoinPage(parts)),
        ("/b/{slug}/waitlist/{entry_id:uuid}/{token}", PlacePage(parts)),
        ("/b/{slug}/appointments/{appointment_id:uuid}/{token}/accept", AcceptPage(parts)),
    ]


class _Page:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts


class JoinPage(_Page):
    """`/b/{slug}/{service}/waitlist`: for which days, and who."""

    async def on_get(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Answer the form, with the days that the page before showed."""
        given = {name: req.get_param(name) or "" for name in ("from", "to", "employee")}
        await self._show(req, resp, slug, service_id, given | {"key": str(uuid4())}, {})

    async def on_post(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Join and lead to the place; or show the form again with what to correct."""
        fields = await read_form(req)
        key = require_key(fields.get("key"))
        try:
            async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
                wish = model.waiting_from_form(fields, service_id, tenant.time_zone)
                joined = await waitlist.join(conn, self._parts, tenant, wish, key=key)
        except model.FormInvalid as err:
            resp.status = falcon.HTTP_422
            await self._show(req, resp, slug, service_id, fields, err.help_by_field)
            return
        raise falcon.HTTPSeeOther(f"/b/{slug}/waitlist/{joined.entry.id}/{joined.token}")

    async def _show(
        self,
        req: Request,
        resp: Response,
        slug: str,
        service_id: UUID,
        fields: dict[str, str],
        help_by_field: dict[str, str],
    ) -> None:
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            service = await catalog.get_service(conn, service_id)
            people = [e for e in await catalog.list_employees(conn) if service_id in e.services]
        now = model.today(tenant, self._parts.now())
        week = {"from": str(now), "to": str(now + timedelta(days=model.DAYS_SHOWN - 1))}
        fields = dict.fromkeys(("name", "email", "phone"), "") | week | {n: v for n, v in fields.items() if v}
        facts = {"tenant": tenant, "service": service, "people": people, "today": now}
        show(req, resp, "waitlist.html", tenant.locale, **facts, fields=fields, help_by_field=help_by_field)


class PlacePage(_Page):
    """`/b/{slug}/waitlist/{id}/{token}`: one's place."""

    async def on_get(self, req: Request, resp: Response, slug: str, entry_id: UUID, token: str) -> None:
        """Answer what it waits for, or was offered."""
        async with own(self._parts, slug, entry_id, token, WaitlistUnknown, purpose="waitlist") as (conn, tenant):
            entry = await waitlist.read(conn, self._parts, tenant, entry_id)
            service = await catalog.get_service(conn, entry.service)
        last = (entry.latest - timedelta(minutes=1)).date()
        show(req, resp, "place.html", tenant.locale, tenant=tenant, service=service, entry=entry, last=last)

    async def on_post(self, req: Request, _resp: Response, slug: str, entry_id: UUID, token: str) -> None:
        """Leave, and show it."""
        async with own(self._parts, slug, entry_id, token, WaitlistUnknown, purpose="waitlist") as (conn, _):
            await waitlist.leave(conn, entry_id, self._parts.now())
        raise falcon.HTTPSeeOther(req.path)


class AcceptPage(_Page):
    """`…/accept`: take the time that is kept."""

    async def on_post(self, req: Request, _resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Book it and show the appointment."""
        async with own(self._parts, slug, appointment_id, token) as (conn, _):
            await waitlist.accept(conn, appointment_id, self._parts.now())
        raise falcon.HTTPSeeOther(req.path.removesuffix("/accept"))
