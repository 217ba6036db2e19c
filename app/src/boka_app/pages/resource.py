"""The pages: choose a service, a time, give details, keep the appointment. Each is one GET or one form."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.appointments.model import BookingRequest, HoldOver
from boka_app.appointments.queries import get_appointment
from boka_app.appointments.service import AppointmentService, in_zone
from boka_app.availability.model import DayFull, SlotTaken
from boka_app.availability.queries import find_availability
from boka_app.availability.rules import reasons, slots
from boka_app.calendars.ics import appointment_ics
from boka_app.catalog import queries as catalog
from boka_app.conventions.api import Call
from boka_app.database import tenant_transaction
from boka_app.idempotency.model import require_key
from boka_app.lifecycle import rules as policies
from boka_app.lifecycle import service as lifecycle
from boka_app.lifecycle.model import Move
from boka_app.lifecycle.queries import get_visit, lock_visit
from boka_app.live.queries import get_horizon
from boka_app.pages import model
from boka_app.pages.render import ASSETS
from boka_app.pages.site import Shown, Site, employee_of
from boka_app.parts import Parts, Routes
from boka_app.payments.queries import get_bill
from boka_app.payments.rules import due
from boka_app.tenants.model import Tenant
from boka_app.tenants.queries import list_tenants

_OWN = "/b/{slug}/appointments/{appointment_id:uuid}/{token}"
_BOOK = "/b/{slug}/{service_id:uuid}/book"
page = Site()


def routes(parts: Parts, appointments: AppointmentService) -> Routes:
    """Return every page's address and who answers it."""
    booking = Site()
    booking(f"GET {_BOOK}", alone=True)(_enter_details)
    booking(f"POST {_BOOK}", alone=True)(partial(_book, appointments))
    return [("/assets/{name}", AssetResource()), *booking.routes(parts), *page.routes(parts)]


@page("GET /")
async def _list_tenants(call: Call) -> Shown:
    """Show the businesses on this site."""
    return "home.html", {"tenants": await list_tenants(call.conn)}


@page("GET /b/{slug}")
async def _list_services(call: Call) -> Shown:
    """Show what a business offers."""
    return "services.html", {"services": await catalog.list_services(call.conn)}


@page("GET /b/{slug}/{service_id:uuid}")
async def _list_times(call: Call) -> Shown:
    """Show the free times of seven days in the tenant's zone or the reader's, and how many there are in four weeks."""
    facts = await _times(call, call.id)
    return "times.html", facts | {"target": f"{call.req.path}/book", "moved": None}


async def _times(call: Call, service_id: UUID, except_id: UUID | None = None) -> dict[str, Any]:
    """Return what a page of times shows."""
    conn, tenant, now, employee_id = call.conn, call.tenant, call.now, employee_of(call)
    since = await get_horizon(conn)  # before the slots are read: what happens meanwhile is told again
    dates = model.dates_from(call.req.get_param_as_date("from"), tenant, now)
    found = await find_availability(
        conn, tenant.id, service_id, dates, employee_id=employee_id, now=now, except_id=except_id
    )
    people = [e for e in await catalog.list_employees(conn) if service_id in e.services]
    zone, zone_help = model.zone_from(call.req.get_param("zone"), tenant)
    month = model.days(dates, model.in_zone(slots(found, dates, now=now), zone))
    days = [day for day in month if day.shown]
    any_free = any(day.slots for day in days)
    counted = {} if any_free else reasons(found, dates[: model.DAYS_SHOWN], now=now)
    return {
        "service": found.service,
        "people": people if found.service.assignment != "all" else [],
        "employee_id": employee_id,
        "zone": zone,
        "view_zone": zone if zone != tenant.time_zone else None,
        "zone_help": zone_help,
        "month": month[: model.DAYS_KNOWN],
        "days": days,
        "any_free": any_free,
        "reasons": {text: counted[name] for name, text in model.REASONS.items() if counted.get(name)},
        "next_free": next((day.slots[0].starts_at for day in month if day.slots), None),
        "since": since,
        "earlier": dates[0] - timedelta(days=model.DAYS_SHOWN) if dates[0] > model.today(tenant, now) else None,
        "later": days[-1].date + timedelta(days=1),
    }


async def _enter_details(call: Call) -> Shown:
    """Show an empty form for one slot."""
    given = {name: call.req.get_param(name) or "" for name in ("employee", "zone")}
    return await show_details(call, given | {"at": _start(call.req), "key": str(uuid4())})


async def _book(appointments: AppointmentService, call: Call) -> Shown:
    """Book and lead to the appointment; or show the form again with what to correct."""
    slug, key = call.path["slug"], require_key(call.wish.get("key"))
    try:
        wish = model.wish_from_form(call.wish, call.id)
    except model.FormInvalid as err:
        return await show_details(call, call.wish, err.help_by_field)
    try:
        try:
            booked, _ = await appointments.book(slug, wish, key=key)
        except HoldOver:  # whoever took longer than the hold still gets the time if nobody else has
            free = msgspec.structs.replace(wish, hold=None, hold_token="")
            booked, _ = await appointments.book(slug, free, key=key)
    except (SlotTaken, DayFull) as err:
        async with tenant_transaction(call.parts.pool, slug) as (_, tenant):
            return _taken(call, tenant, wish, err)
    return f"/b/{slug}/appointments/{booked.appointment.id}/{booked.token}"


async def show_details(call: Call, given: dict[str, str], help_by_field: dict[str, str] | None = None) -> Shown:
    """Return the form for one slot, with what to correct, if anything."""
    if help_by_field:
        call.resp.status = falcon.HTTP_422
    async with tenant_transaction(call.parts.pool, call.path["slug"]) as (conn, tenant):
        service = await catalog.get_service(conn, call.id)
    fields = dict.fromkeys(["name", "email", "phone", "zone", "wishes", "visits", "hold", "hold_token"], "") | given
    zone, _ = model.zone_from(fields["zone"], tenant)
    starts_at = model.local_start(fields["at"], tenant, call.now)
    wish = {"service": call.id, "starts_at": starts_at, "employee": fields["employee"] or None}
    return "details.html", {
        "tenant": tenant,
        "service": service,
        "starts_at": starts_at,
        "own_start": starts_at.astimezone(ZoneInfo(zone)) if zone != tenant.time_zone else None,
        "wish": msgspec.json.encode(wish).decode(),
        "fields": fields,
        "help_by_field": help_by_field or {},
        "repeats": model.REPEATS,
    }


@page(f"GET {_OWN}")
async def _show_appointment(call: Call) -> Shown:
    """Show the appointment, what is to be paid, what can be done with it."""
    now, appointment = call.now, in_zone(await get_appointment(call.conn, call.id))
    bill, visit = await get_bill(call.conn, id=call.id), await get_visit(call.conn, ids=[call.id])
    live = appointment.status in ("pending", "confirmed") and appointment.starts_at > now
    policy = policies.preview(visit, call.tenant.time_zone, now=now) if live else None
    left = max(0, (bill.expires_at - now) // timedelta(seconds=1)) if bill.expires_at else 0
    facts = {"appointment": appointment, "due_minor": due(bill, now), "bill": bill}
    return "appointment.html", facts | {"policy": policy, "seconds": left, "here": call.req.path}


@page(f"GET {_OWN}/cancel")
async def _show_fee(call: Call) -> Shown:
    """Show the fee and what goes back, before anything is done."""
    appointment, visit = await get_appointment(call.conn, call.id), await get_visit(call.conn, ids=[call.id])
    policy = policies.preview(visit, call.tenant.time_zone, now=call.now)
    back = call.req.path.removesuffix("/cancel")
    return "cancel.html", {"appointment": in_zone(appointment), "policy": policy, "back": back}


@page(f"POST {_OWN}/cancel")
async def _cancel(call: Call) -> Shown:
    """Cancel and show the appointment; if it costs more by now than was shown, show that first."""
    now = call.now
    fee = policies.cancellation(await lock_visit(call.conn, call.id), by="customer", now=now).fee_minor
    if str(fee) != call.wish.get("fee"):
        call.resp.status = falcon.HTTP_409
        return await _show_fee(call)
    await lifecycle.cancel(call.conn, call.id, by="customer", reason="", now=now)
    return call.req.path.removesuffix("/cancel")


@page(f"GET {_OWN}/move")
async def _choose_time(call: Call) -> Shown:
    """Show the free times, or the one that was chosen."""
    policies.check_move(await get_visit(call.conn, ids=[call.id]), by="customer", now=call.now)
    appointment = in_zone(await get_appointment(call.conn, call.id))
    if not call.req.get_param("at"):
        facts = await _times(call, appointment.service, call.id)
        return "times.html", facts | {"target": call.req.path, "moved": appointment}
    starts_at, back = model.local_start(_start(call.req), call.tenant, call.now), call.req.path.removesuffix("/move")
    facts = {"appointment": appointment, "back": back, "employee_id": employee_of(call), "starts_at": starts_at}
    return "move.html", facts


@page(f"POST {_OWN}/move")
async def _move(call: Call) -> Shown:
    """Move and show the appointment; or the next free times when somebody was first."""
    wanted = {"starts_at": call.wish.get("at", ""), "employee": call.wish.get("employee") or None}
    move = msgspec.convert(wanted, Move)
    try:
        await lifecycle.move(call.conn, call.tenant, call.id, move, now=call.now)
    except (SlotTaken, DayFull) as err:
        return _taken(call, call.tenant, move, err)
    return call.req.path.removesuffix("/move")


@page(f"GET {_OWN}/appointment.ics")
async def _give_file(call: Call) -> None:
    """Answer the visit for a calendar."""
    call.resp.data = await appointment_ics(call.conn, call.id, public_url=call.parts.settings.public_url)
    call.resp.content_type = "text/calendar; charset=utf-8"
    call.resp.downloadable_as = "appointment.ics"
    call.resp.cache_control = ["no-store"]


class AssetResource:
    """`/assets/{name}`: the style sheet, the script and the icon."""

    async def on_get(self, _req: Request, resp: Response, name: str) -> None:
        """Answer the file; its address changes with its content, so it is kept for a year."""
        if name not in ASSETS:
            raise falcon.HTTPNotFound
        resp.content_type, resp.data = ASSETS[name]
        resp.cache_control = ["public", "max-age=31536000", "immutable"]


def _taken(call: Call, tenant: Tenant, wish: BookingRequest | Move, err: SlotTaken | DayFull) -> Shown:
    call.resp.status = falcon.HTTP_409
    times = call.req.path.removesuffix("/book")
    facts = {"tenant": tenant, "target": call.req.path, "times": times, "wish": wish}
    return "taken.html", facts | {"next_starts": err.next_starts}


def _start(req: Request) -> str:
    return req.get_param_as_datetime("at", format_string="%Y-%m-%dT%H:%M:%S%z", required=True).isoformat()
