"""`/api/tenants/{slug}/calendar`: what staff see of appointments, and do with them."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from boka_app.appointments.model import AppointmentUnknown
from boka_app.availability.model import UNBOOKABLE, RangeInvalid
from boka_app.availability.rules import date_range
from boka_app.conventions.api import Api, Call
from boka_app.conventions.model import Page
from boka_app.lifecycle import queries, rules, service
from boka_app.lifecycle.model import UNMOVABLE, AppointmentEnded, Edit, Ending, Entry, NotBegun, StaffBooking
from boka_app.openapi.operations import parameter

_ALL = "/api/tenants/{slug}/calendar"
_ONE = f"{_ALL}/{{appointment_id:uuid}}"
api = Api()
_look, _change = partial(api, needs="appointments.read"), partial(api, needs="appointments.write")


@_look(
    f"GET {_ALL}",
    "List appointments",
    parameters=[
        parameter("from", "date", "First date, in the tenant's zone."),
        parameter("to", "date", "Last date, included; at most 31 days with the first."),
        parameter("employee", "uuid", "Only what this employee takes part in.", required=False),
    ],
    problems=[RangeInvalid],
)
async def _list(call: Call) -> Page[Entry]:
    """Answer a page of what starts on these dates, seats and what is over included."""
    dates = [call.req.get_param_as_date(name, required=True) for name in ("from", "to")]
    begin, end = rules.local_span(date_range(*dates), call.tenant.time_zone)
    return await _page(call, "calendar", employee=call.req.get_param_as_uuid("employee"), begin=begin, end=end)


@_look("GET /api/tenants/{slug}/customers/{id:uuid}/appointments", "List a customer's appointments")
async def _history(call: Call) -> Page[Entry]:
    """Answer a page, oldest first."""
    return await _page(call, "history", customer=call.id)


@_change(f"POST {_ALL}", "Book for a customer", status=201, key=True, problems=UNBOOKABLE)
async def _book(call: Call, wish: StaffBooking) -> Entry:
    """Book, or repeat the answer of the first request with this key."""
    claim = call.key, hashlib.sha256(b"staff" + msgspec.json.encode(wish)).digest()
    booked = await service.book(call.conn, call.tenant, wish, claim=claim, actor=call.principal.actor, now=call.now)
    call.resp.location = f"{call.req.path}/{booked}"
    return service.in_zone(await queries.get_entry(call.conn, booked))


@_look(f"GET {_ONE}", "Read an appointment as staff", problems=[AppointmentUnknown])
async def _read(call: Call) -> Entry:
    return service.in_zone(await queries.get_entry(call.conn, call.id))


@_change(f"PATCH {_ONE}", "Change an appointment", if_match=True, problems=[AppointmentUnknown, *UNMOVABLE])
async def _edit(call: Call, wish: Edit) -> Entry:
    """Keep notes, move, waive a fee; answer the appointment as it is then."""
    await service.edit(call.conn, call.tenant, call.id, wish, match=call.require_match, now=call.now)
    return await _read(call)


@_change(f"POST {_ONE}/confirm", "Confirm an appointment", problems=[AppointmentUnknown, AppointmentEnded])
async def _confirm(call: Call) -> Entry:
    """Confirm what is pending, unpaid or not."""
    return await _after(call, service.confirm_or_refuse)


@_change(f"POST {_ONE}/cancel", "Cancel an appointment as staff", problems=[AppointmentUnknown, AppointmentEnded])
async def _cancel(call: Call, wish: Ending) -> Entry:
    """Cancel; the fee is the policy's, unless waived."""
    return await _after(call, service.cancel, by="staff", reason=wish.reason, waive_fee=wish.waive_fee)


@_change(f"POST {_ONE}/complete", "Complete an appointment", problems=[AppointmentUnknown, AppointmentEnded, NotBegun])
async def _complete(call: Call) -> Entry:
    """Note that it took place."""
    return await _after(call, service.complete)


@_change(f"POST {_ONE}/no-show", "Mark a no-show", problems=[AppointmentUnknown, AppointmentEnded, NotBegun])
async def _mark_no_show(call: Call, wish: Ending) -> Entry:
    """Note the absence; the fee is the policy's, unless waived."""
    return await _after(call, service.mark_no_show, waive_fee=wish.waive_fee)


async def _after(call: Call, step: Callable[..., Awaitable[Any]], **how: Any) -> Entry:  # noqa: ANN401  as the step takes it
    await step(call.conn, call.id, now=call.now, **how)
    return await _read(call)


async def _page(call: Call, name: str, **wanted: Any) -> Page[Entry]:  # noqa: ANN401  as the statement takes it
    page = await call.page(name, partial(queries.list_entries, **wanted), _place)
    return Page(items=[service.in_zone(entry) for entry in page.items], next=page.next)


def _place(entry: Entry) -> tuple[datetime, UUID]:
    return entry.starts_at, entry.id
