"""The pages: choose a service, a time, give details, keep the appointment. Each is one GET or one form."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import falcon
from falcon.asgi import Request, Response
from falcon.uri import parse_query_string

from boka_app.appointments.model import BookingRequest
from boka_app.appointments.service import AppointmentService
from boka_app.availability.model import SlotTaken
from boka_app.availability.service import find_slots
from boka_app.body import read_body
from boka_app.calendars.ics import appointment_ics
from boka_app.catalog import queries as catalog
from boka_app.database import connection, tenant_transaction
from boka_app.idempotency.model import require_key
from boka_app.live.queries import get_horizon
from boka_app.pages import model
from boka_app.pages.render import ASSETS, choose_language, render
from boka_app.parts import Parts, Routes
from boka_app.tenants.queries import list_tenants


def routes(parts: Parts, appointments: AppointmentService) -> Routes:
    """Return every page's address and who answers it."""
    own = "/b/{slug}/appointments/{appointment_id:uuid}/{token}"
    return [
        ("/", HomePage(parts)),
        ("/assets/{name}", AssetResource()),
        ("/b/{slug}", ServicesPage(parts)),
        ("/b/{slug}/{service_id:uuid}", TimesPage(parts)),
        ("/b/{slug}/{service_id:uuid}/book", DetailsPage(parts, appointments)),
        (own, AppointmentPage(appointments)),
        (f"{own}/appointment.ics", AppointmentFile(parts, appointments)),
    ]


class HomePage:
    """`/`: the businesses on this site."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer the list."""
        async with connection(self._parts.pool) as conn:
            tenants = await list_tenants(conn)
        show(req, resp, "home.html", tenants=tenants)


class ServicesPage:
    """`/b/{slug}`: what a business offers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer the services to choose from."""
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            services = await catalog.list_services(conn)
        show(req, resp, "services.html", tenant.locale, tenant=tenant, services=services)


class TimesPage:
    """`/b/{slug}/{service}`: a week of free times, and how many there are in four."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def on_get(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Answer the free times of seven days in the tenant's zone or the reader's."""
        employee_id = req.get_param_as_uuid("employee") if req.get_param("employee") else None
        wanted, now = req.get_param_as_date("from"), self._parts.now()
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            since = await get_horizon(conn)  # before the slots are read: what happens meanwhile is told again
            service = await catalog.get_service(conn, service_id)
            people = [e for e in await catalog.list_employees(conn) if service_id in e.services]
            dates = model.dates_from(wanted, tenant, now)
            slots = await find_slots(conn, tenant, service, dates, employee_id=employee_id, now=now)
        zone, zone_help = model.zone_from(req.get_param("zone"), tenant)
        month = model.days(dates, model.in_zone(slots, zone))
        days = [day for day in month if day.shown]
        show(
            req,
            resp,
            "times.html",
            tenant.locale,
            tenant=tenant,
            service=service,
            people=people,
            employee_id=employee_id,
            zone=zone,
            view_zone=zone if zone != tenant.time_zone else None,
            zone_help=zone_help,
            month=month[: model.DAYS_KNOWN],
            days=days,
            any_free=any(day.slots for day in days),
            next_free=next((day.slots[0].starts_at for day in month if day.slots), None),
            since=since,
            earlier=dates[0] - timedelta(days=model.DAYS_SHOWN) if dates[0] > model.today(tenant, now) else None,
            later=days[-1].date + timedelta(days=1),
        )


class DetailsPage:
    """`/b/{slug}/{service}/book`: who comes; sending the form books."""

    def __init__(self, parts: Parts, appointments: AppointmentService) -> None:
        self._parts = parts
        self._appointments = appointments

    async def on_get(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Answer an empty form for one slot."""
        starts_at = req.get_param_as_datetime("at", format_string="%Y-%m-%dT%H:%M:%S%z", required=True)
        fields = {name: req.get_param(name) or "" for name in ("employee", "zone")}
        fields |= {"at": starts_at.isoformat(), "key": str(uuid4())}
        await self._show_form(req, resp, slug, service_id, fields, {})

    async def on_post(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Book and lead to the appointment; or show the form again with what to correct."""
        fields = await read_form(req)
        key = require_key(fields.get("key"))
        try:
            wish = model.wish_from_form(fields, service_id)
        except model.FormInvalid as err:
            resp.status = falcon.HTTP_422
            await self._show_form(req, resp, slug, service_id, fields, err.help_by_field)
            return
        try:
            booked, _ = await self._appointments.book(slug, wish, key=key)
        except SlotTaken as err:
            resp.status = falcon.HTTP_409
            await self._show_taken(req, resp, slug, wish, err)
            return
        raise falcon.HTTPSeeOther(f"/b/{slug}/appointments/{booked.appointment.id}/{booked.token}")

    async def _show_form(
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
        fields = {"name": "", "email": "", "phone": "", "zone": ""} | fields
        zone, _ = model.zone_from(fields["zone"], tenant)
        starts_at = model.local_start(fields["at"], tenant, self._parts.now())
        show(
            req,
            resp,
            "details.html",
            tenant.locale,
            tenant=tenant,
            service=service,
            starts_at=starts_at,
            own_start=starts_at.astimezone(ZoneInfo(zone)) if zone != tenant.time_zone else None,
            fields=fields,
            help_by_field=help_by_field,
        )

    async def _show_taken(self, req: Request, resp: Response, slug: str, wish: BookingRequest, err: SlotTaken) -> None:
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            service = await catalog.get_service(conn, wish.service)
        facts = {"tenant": tenant, "service": service, "wish": wish, "next_starts": err.next_starts}
        show(req, resp, "taken.html", tenant.locale, **facts)


class AppointmentPage:
    """`/b/{slug}/appointments/{id}/{token}`: the confirmation, and where to cancel."""

    def __init__(self, appointments: AppointmentService) -> None:
        self._appointments = appointments

    async def on_get(self, req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Answer the appointment."""
        appointment = await self._appointments.read(slug, appointment_id, token)
        show(req, resp, "appointment.html", slug=slug, appointment=appointment, here=req.path)

    async def on_post(self, req: Request, _resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Cancel and show the appointment again."""
        await self._appointments.cancel(slug, appointment_id, token)
        raise falcon.HTTPSeeOther(req.path)


class AppointmentFile:
    """`…/appointment.ics`: the visit for a calendar."""

    def __init__(self, parts: Parts, appointments: AppointmentService) -> None:
        self._parts = parts
        self._appointments = appointments

    async def on_get(self, _req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Answer the file."""
        await self._appointments.read(slug, appointment_id, token)
        async with tenant_transaction(self._parts.pool, slug) as (conn, _):
            resp.data = await appointment_ics(conn, appointment_id, public_url=self._parts.settings.public_url)
        resp.content_type = "text/calendar; charset=utf-8"
        resp.downloadable_as = "appointment.ics"
        resp.cache_control = ["no-store"]


class AssetResource:
    """`/assets/{name}`: the style sheet, the script and the icon."""

    async def on_get(self, _req: Request, resp: Response, name: str) -> None:
        """Answer the file; its address changes with its content, so it is kept for a year."""
        if name not in ASSETS:
            raise falcon.HTTPNotFound
        resp.content_type, resp.data = ASSETS[name]
        resp.cache_control = ["public", "max-age=31536000", "immutable"]


def show(req: Request, resp: Response, template: str, locale: str = "en", **values: Any) -> None:  # noqa: ANN401
    """Answer a page in the language that the reader's browser asks for, else in the tenant's."""
    resp.content_type = falcon.MEDIA_HTML
    resp.cache_control = ["no-store"]  # free times and personal pages are both stale a moment later
    resp.append_header("Vary", "Accept-Language")
    resp.text = render(template, choose_language(req.get_header("Accept-Language"), locale), **values)


async def read_form(req: Request) -> dict[str, str]:
    """Return the fields of a form; of one that came twice the last."""
    body = await read_body(req, falcon.MEDIA_URLENCODED)
    fields = parse_query_string(body.decode("ascii", "replace"), keep_blank=True, csv=False)
    return {name: value if isinstance(value, str) else value[-1] for name, value in fields.items()}
