"""The pages: choose a service, a time, give details, keep the appointment. Each is one GET or one form."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import falcon
import msgspec
from falcon.asgi import Request, Response
from falcon.uri import parse_query_string

from boka_app.appointments import tokens
from boka_app.appointments.model import AppointmentUnknown, BookingRequest, HoldOver
from boka_app.appointments.queries import get_appointment
from boka_app.appointments.service import AppointmentService, in_zone
from boka_app.availability.model import Availability, DayFull, SlotTaken
from boka_app.availability.queries import find_availability
from boka_app.availability.rules import reasons, slots
from boka_app.body import read_body
from boka_app.calendars.ics import appointment_ics
from boka_app.catalog import queries as catalog
from boka_app.database import Connection, connection, tenant_transaction
from boka_app.idempotency.model import require_key
from boka_app.lifecycle import rules as policies
from boka_app.lifecycle import service as lifecycle
from boka_app.lifecycle.model import Move
from boka_app.lifecycle.queries import get_visit, lock_visit
from boka_app.live.queries import get_horizon
from boka_app.pages import model
from boka_app.pages.render import ASSETS, choose_language, render
from boka_app.parts import Parts, Routes
from boka_app.payments.queries import get_bill
from boka_app.payments.rules import due
from boka_app.tenants.model import Tenant
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
        (own, AppointmentPage(parts)),
        (f"{own}/cancel", CancelPage(parts)),
        (f"{own}/move", MovePage(parts)),
        (f"{own}/appointment.ics", AppointmentFile(parts)),
    ]


class _Page:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts


class HomePage(_Page):
    """`/`: the businesses on this site."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer the list."""
        async with connection(self._parts.pool) as conn:
            tenants = await list_tenants(conn)
        show(req, resp, "home.html", tenants=tenants)


class ServicesPage(_Page):
    """`/b/{slug}`: what a business offers."""

    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer the services to choose from."""
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            services = await catalog.list_services(conn)
        show(req, resp, "services.html", tenant.locale, tenant=tenant, services=services)


class TimesPage(_Page):
    """`/b/{slug}/{service}`: a week of free times, and how many there are in four."""

    async def on_get(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Answer the free times of seven days in the tenant's zone or the reader's."""
        employee_id = req.get_param_as_uuid("employee") if req.get_param("employee") else None
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            facts = await _times(conn, req, tenant, service_id, employee_id=employee_id, now=self._parts.now())
        target = f"/b/{slug}/{service_id}/book"
        show(req, resp, "times.html", tenant.locale, **facts, target=target, moved=None)


async def _times(  # noqa: PLR0913  what is searched, by name
    conn: Connection,
    req: Request,
    tenant: Tenant,
    service_id: UUID,
    *,
    employee_id: UUID | None,
    now: datetime,
    except_id: UUID | None = None,
) -> dict[str, Any]:
    """Return what a page of times shows."""
    since = await get_horizon(conn)  # before the slots are read: what happens meanwhile is told again
    dates = model.dates_from(req.get_param_as_date("from"), tenant, now)
    found = await find_availability(
        conn, tenant.id, service_id, dates, employee_id=employee_id, now=now, except_id=except_id
    )
    people = [e for e in await catalog.list_employees(conn) if service_id in e.services]
    zone, zone_help = model.zone_from(req.get_param("zone"), tenant)
    month = model.days(dates, model.in_zone(slots(found, dates, now=now), zone))
    days = [day for day in month if day.shown]
    return {
        "tenant": tenant,
        "service": found.service,
        "people": people if found.service.assignment != "all" else [],
        "employee_id": employee_id,
        "zone": zone,
        "view_zone": zone if zone != tenant.time_zone else None,
        "zone_help": zone_help,
        "month": month[: model.DAYS_KNOWN],
        "days": days,
        "any_free": any(day.slots for day in days),
        "reasons": {} if any(day.slots for day in days) else _reasons(found, dates[: model.DAYS_SHOWN], now),
        "next_free": next((day.slots[0].starts_at for day in month if day.slots), None),
        "since": since,
        "earlier": dates[0] - timedelta(days=model.DAYS_SHOWN) if dates[0] > model.today(tenant, now) else None,
        "later": days[-1].date + timedelta(days=1),
    }


def _reasons(found: Availability, dates: list[date], now: datetime) -> dict[str, int]:
    counted = reasons(found, dates, now=now)
    return {text: counted[name] for name, text in model.REASONS.items() if counted.get(name)}


class DetailsPage(_Page):
    """`/b/{slug}/{service}/book`: who comes; sending the form books."""

    def __init__(self, parts: Parts, appointments: AppointmentService) -> None:
        super().__init__(parts)
        self._appointments = appointments

    async def on_get(self, req: Request, resp: Response, slug: str, service_id: UUID) -> None:
        """Answer an empty form for one slot."""
        fields = {name: req.get_param(name) or "" for name in ("employee", "zone")}
        fields |= {"at": _start(req), "key": str(uuid4())}
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
            try:
                booked, _ = await self._appointments.book(slug, wish, key=key)
            except HoldOver:  # whoever took longer than the hold still gets the time if nobody else has
                free = msgspec.structs.replace(wish, hold=None, hold_token="")
                booked, _ = await self._appointments.book(slug, free, key=key)
        except (SlotTaken, DayFull) as err:
            await _show_taken(self._parts, req, resp, slug, wish, err)
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
        fields = (
            dict.fromkeys(["name", "email", "phone", "zone", "wishes", "visits", "hold", "hold_token"], "") | fields
        )
        zone, _ = model.zone_from(fields["zone"], tenant)
        starts_at = model.local_start(fields["at"], tenant, self._parts.now())
        wish = {"service": service_id, "starts_at": starts_at, "employee": fields["employee"] or None}
        show(
            req,
            resp,
            "details.html",
            tenant.locale,
            tenant=tenant,
            service=service,
            starts_at=starts_at,
            own_start=starts_at.astimezone(ZoneInfo(zone)) if zone != tenant.time_zone else None,
            wish=msgspec.json.encode(wish).decode(),
            fields=fields,
            help_by_field=help_by_field,
            repeats=model.REPEATS,
        )


class AppointmentPage(_Page):
    """`/b/{slug}/appointments/{id}/{token}`: the confirmation, and what can be done with it."""

    async def on_get(self, req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Answer the appointment, what is to be paid, and whether it may be moved."""
        now = self._parts.now()
        async with own(self._parts, slug, appointment_id, token) as (conn, tenant):
            appointment = in_zone(await get_appointment(conn, appointment_id))
            bill, visit = await get_bill(conn, id=appointment_id), await get_visit(conn, ids=[appointment_id])
        live = appointment.status in ("pending", "confirmed") and appointment.starts_at > now
        policy = policies.preview(visit, tenant.time_zone, now=now) if live else None
        left = max(0, (bill.expires_at - now) // timedelta(seconds=1)) if bill.expires_at else 0
        facts = {"tenant": tenant, "appointment": appointment, "due_minor": due(bill, now), "bill": bill}
        show(req, resp, "appointment.html", tenant.locale, **facts, policy=policy, seconds=left, here=req.path)


class CancelPage(_Page):
    """`…/cancel`: what it costs; sending the form cancels."""

    async def on_get(self, req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Answer the fee and what goes back, before anything is done."""
        await self._show(req, resp, slug, appointment_id, token)

    async def on_post(self, req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Cancel and show the appointment; if it costs more by now than was shown, show that first."""
        shown, now = (await read_form(req)).get("fee", ""), self._parts.now()
        async with own(self._parts, slug, appointment_id, token) as (conn, _):
            fee = policies.cancellation(await lock_visit(conn, appointment_id), by="customer", now=now).fee_minor
            if str(fee) == shown:
                await lifecycle.cancel(conn, appointment_id, by="customer", reason="", now=now)
        if str(fee) == shown:
            raise falcon.HTTPSeeOther(req.path.removesuffix("/cancel"))
        resp.status = falcon.HTTP_409
        await self._show(req, resp, slug, appointment_id, token)

    async def _show(self, req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        async with own(self._parts, slug, appointment_id, token) as (conn, tenant):
            appointment = in_zone(await get_appointment(conn, appointment_id))
            visit = await get_visit(conn, ids=[appointment_id])
        policy = policies.preview(visit, tenant.time_zone, now=self._parts.now())
        back = req.path.removesuffix("/cancel")
        facts = {"tenant": tenant, "appointment": appointment, "policy": policy, "back": back}
        show(req, resp, "cancel.html", tenant.locale, **facts)


class MovePage(_Page):
    """`…/move`: other times, then one of them; sending the form moves."""

    async def on_get(self, req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Answer the free times, or the one that was chosen."""
        now, back = self._parts.now(), req.path.removesuffix("/move")
        async with own(self._parts, slug, appointment_id, token) as (conn, tenant):
            policies.check_move(await get_visit(conn, ids=[appointment_id]), by="customer", now=now)
            appointment = in_zone(await get_appointment(conn, appointment_id))
            employee_id = req.get_param_as_uuid("employee") if req.get_param("employee") else None
            if not req.get_param("at"):
                service_id = appointment.service
                facts = await _times(
                    conn, req, tenant, service_id, employee_id=employee_id, now=now, except_id=appointment_id
                )
                show(req, resp, "times.html", tenant.locale, **facts, target=req.path, moved=appointment)
                return
        starts_at = model.local_start(_start(req), tenant, now)
        facts = {"tenant": tenant, "appointment": appointment, "back": back, "employee_id": employee_id}
        show(req, resp, "move.html", tenant.locale, **facts, starts_at=starts_at)

    async def on_post(self, req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Move and show the appointment; or the next free times when somebody was first."""
        fields, now = await read_form(req), self._parts.now()
        wanted = {"starts_at": fields.get("at", ""), "employee": fields.get("employee") or None}
        move = msgspec.convert(wanted, Move)
        try:
            async with own(self._parts, slug, appointment_id, token) as (conn, tenant):
                await lifecycle.move(conn, tenant, appointment_id, move, now=now)
        except (SlotTaken, DayFull) as err:
            await _show_taken(self._parts, req, resp, slug, move, err)
            return
        raise falcon.HTTPSeeOther(req.path.removesuffix("/move"))


class AppointmentFile(_Page):
    """`…/appointment.ics`: the visit for a calendar."""

    async def on_get(self, _req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Answer the file."""
        async with own(self._parts, slug, appointment_id, token) as (conn, _):
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


@asynccontextmanager
async def own(
    parts: Parts,
    slug: str,
    thing_id: UUID,
    token: str,
    unknown: Callable[[UUID], Exception] = AppointmentUnknown,
    *,
    purpose: str = "appointment",
) -> AsyncGenerator[tuple[Connection, Tenant]]:
    """Open a transaction for whoever has the link to an appointment, or to another thing."""
    async with tenant_transaction(parts.pool, slug) as (conn, tenant):
        tokens.require(parts.settings.signing_keys, tenant.id, thing_id, token, unknown, purpose=purpose)
        yield conn, tenant


async def _show_taken(
    parts: Parts, req: Request, resp: Response, slug: str, wish: BookingRequest | Move, err: SlotTaken | DayFull
) -> None:
    async with tenant_transaction(parts.pool, slug) as (_, tenant):
        resp.status = falcon.HTTP_409
    times = req.path.removesuffix("/book")
    facts = {"tenant": tenant, "target": req.path, "times": times, "wish": wish, "next_starts": err.next_starts}
    show(req, resp, "taken.html", tenant.locale, **facts)


def _start(req: Request) -> str:
    return req.get_param_as_datetime("at", format_string="%Y-%m-%dT%H:%M:%S%z", required=True).isoformat()


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
