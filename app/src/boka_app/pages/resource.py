"""The pages: choose a service, a time, give details, keep the appointment. Each is one GET or one form."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import falcon
from falcon.asgi import Request, Response
from falcon.uri import parse_query_string

from boka_app.appointments.model import BookingRequest
from boka_app.appointments.service import AppointmentService
from boka_app.availability.model import SlotTaken
from boka_app.availability.rules import MAX_RANGE_DAYS
from boka_app.availability.service import find_slots
from boka_app.body import read_body
from boka_app.catalog import queries as catalog
from boka_app.database import Pool, connection, tenant_transaction
from boka_app.idempotency.model import require_key
from boka_app.pages import model
from boka_app.pages.render import ASSETS, render
from boka_app.tenants.queries import list_tenants

Clock = Callable[[], datetime]


def routes(pool: Pool, appointments: AppointmentService, now: Clock) -> list[tuple[str, object]]:
    """Return every page's address and who answers it."""
    return [
        ("/", HomePage(pool)),
        ("/assets/{name}", AssetResource()),
        ("/b/{slug}", ServicesPage(pool)),
        ("/b/{slug}/{service_id:uuid}", TimesPage(pool, now)),
        ("/b/{slug}/{service_id:uuid}/book", DetailsPage(pool, appointments, now)),
        ("/b/{slug}/appointments/{appointment_id:uuid}/{token}", AppointmentPage(appointments)),
    ]


class HomePage:
    """`/`: the businesses on this site."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def on_get(self, _req: Request, resp: Response) -> None:
        """Answer the list."""
        async with connection(self._pool) as conn:
            tenants = await list_tenants(conn)
        _show(resp, "home.html", tenants=tenants)


class ServicesPage:
    """`/b/{slug}`: what a business offers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def on_get(self, _req: Request, resp: Response, slug: str) -> None:
        """Answer the services to choose from."""
        async with tenant_transaction(self._pool, slug) as (conn, tenant):
            services = await catalog.list_services(conn)
        _show(resp, "services.html", tenant=tenant, services=services)


class TimesPage:
    """`/b/{slug}/{service}`: a week of free times."""

    def __init__(self, pool: Pool, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def on_get(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Answer the free times of seven days, and where to go when there are none."""
        employee_id = req.get_param_as_uuid("employee") if req.get_param("employee") else None
        now = self._now()
        async with tenant_transaction(self._pool, slug) as (conn, tenant):
            service = await catalog.get_service(conn, service_id)
            people = [e for e in await catalog.list_employees(conn) if service_id in e.services]
            dates = model.week_from(req.get_param_as_date("from"), tenant, now)
            slots = await find_slots(conn, tenant, service, dates, employee_id=employee_id, now=now)
            later = dates if slots else [dates[-1] + timedelta(days=n) for n in range(1, MAX_RANGE_DAYS + 1)]
            coming = slots or await find_slots(conn, tenant, service, later, employee_id=employee_id, now=now)
        _show(
            resp,
            "times.html",
            tenant=tenant,
            service=service,
            people=people,
            employee_id=employee_id,
            days=model.by_day(dates, slots),
            first_later=coming[0] if coming and not slots else None,
            earlier=dates[0] - timedelta(days=model.DAYS_SHOWN) if dates[0] > model.today(tenant, now) else None,
            later=dates[-1] + timedelta(days=1),
        )


class DetailsPage:
    """`/b/{slug}/{service}/book`: who comes; sending the form books."""

    def __init__(self, pool: Pool, appointments: AppointmentService, now: Clock) -> None:
        self._pool = pool
        self._appointments = appointments
        self._now = now

    async def on_get(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Answer an empty form for one slot."""
        starts_at = req.get_param_as_datetime("at", format_string="%Y-%m-%dT%H:%M:%S%z", required=True)
        fields = {"at": starts_at.isoformat(), "employee": req.get_param("employee") or "", "key": str(uuid4())}
        await self._show_form(resp, slug, service_id, fields, {})

    async def on_post(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Book and lead to the appointment; or show the form again with what to correct."""
        fields = await _read_form(req)
        key = require_key(fields.get("key"))
        try:
            wish = model.wish_from_form(fields, service_id)
        except model.FormInvalid as err:
            resp.status = falcon.HTTP_422
            await self._show_form(resp, slug, service_id, fields, err.help_by_field)
            return
        try:
            booked, _ = await self._appointments.book(slug, wish, key=key)
        except SlotTaken as err:
            resp.status = falcon.HTTP_409
            await self._show_taken(resp, slug, wish, err)
            return
        raise falcon.HTTPSeeOther(f"/b/{slug}/appointments/{booked.appointment.id}/{booked.token}")

    async def _show_form(
        self, resp: Response, slug: str, service_id: UUID, fields: dict[str, str], help_by_field: dict[str, str]
    ) -> None:
        async with tenant_transaction(self._pool, slug) as (conn, tenant):
            service = await catalog.get_service(conn, service_id)
        starts_at = model.local_start(fields["at"], tenant, self._now())
        _show(
            resp,
            "details.html",
            tenant=tenant,
            service=service,
            starts_at=starts_at,
            fields={"name": "", "email": "", "phone": ""} | fields,
            help_by_field=help_by_field,
        )

    async def _show_taken(self, resp: Response, slug: str, wish: BookingRequest, err: SlotTaken) -> None:
        async with tenant_transaction(self._pool, slug) as (conn, tenant):
            service = await catalog.get_service(conn, wish.service)
        _show(resp, "taken.html", tenant=tenant, service=service, wish=wish, next_starts=err.next_starts)


class AppointmentPage:
    """`/b/{slug}/appointments/{id}/{token}`: the confirmation, and where to cancel."""

    def __init__(self, appointments: AppointmentService) -> None:
        self._appointments = appointments

    async def on_get(self, _req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Answer the appointment."""
        appointment = await self._appointments.read(slug, appointment_id, token)
        _show(resp, "appointment.html", slug=slug, appointment=appointment)

    async def on_post(self, req: Request, _resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Cancel and show the appointment again."""
        await self._appointments.cancel(slug, appointment_id, token)
        raise falcon.HTTPSeeOther(req.path)


class AssetResource:
    """`/assets/{name}`: the style sheet and the icon."""

    async def on_get(self, _req: Request, resp: Response, name: str) -> None:
        """Answer the file; its address changes with its content, so it is kept for a year."""
        if name not in ASSETS:
            raise falcon.HTTPNotFound
        resp.content_type, resp.data = ASSETS[name]
        resp.cache_control = ["public", "max-age=31536000", "immutable"]


def _show(resp: Response, template: str, **values: Any) -> None:  # noqa: ANN401
    resp.content_type = falcon.MEDIA_HTML
    resp.cache_control = ["no-store"]  # free times and personal pages are both stale a moment later
    resp.text = render(template, **values)


async def _read_form(req: Request) -> dict[str, str]:
    body = await read_body(req, falcon.MEDIA_URLENCODED)
    fields = parse_query_string(body.decode("ascii", "replace"), keep_blank=True, csv=False)
    return {name: value if isinstance(value, str) else value[-1] for name, value in fields.items()}
