"""`/api/tenants/{slug}/appointments/{id}`: what customers do with their own, by the token of its booking."""

from functools import partial

import msgspec

from boka_app.appointments import queries as appointments
from boka_app.appointments.model import NOT_ONES_OWN, Appointment, AppointmentStarted, AppointmentUnknown
from boka_app.appointments.service import in_zone
from boka_app.conventions.api import Api, Call
from boka_app.idempotency.model import require_key
from boka_app.idempotency.service import once
from boka_app.lifecycle import queries, rules, service
from boka_app.lifecycle.model import UNMOVABLE, AppointmentEnded, CancelledAppointment, Move, PolicyPreview
from boka_app.openapi.operations import IF_MATCH_IF_ANY, KEY_IF_ANY

_ONE = "/api/tenants/{slug}/appointments/{appointment_id:uuid}"
_OVER = (AppointmentStarted, AppointmentEnded, *NOT_ONES_OWN)
api = Api()


@api(f"GET {_ONE}", "Read an appointment", problems=NOT_ONES_OWN)
async def _read(call: Call) -> Appointment:
    return in_zone(await appointments.get_appointment(call.conn, call.prove(AppointmentUnknown)))


@api(
    f"PATCH {_ONE}",
    "Move an appointment",
    parameters=[KEY_IF_ANY, IF_MATCH_IF_ANY],
    problems=[*NOT_ONES_OWN, *UNMOVABLE],
)
async def _move(call: Call, wish: Move) -> Appointment:
    """Move it, once for each key, and answer the appointment as it is then."""
    appointment_id = call.prove(AppointmentUnknown)
    key, match = (call.req.get_header(name) for name in ("Idempotency-Key", "If-Match"))
    held = None if match is None else call.require_match
    move = partial(service.move, call.conn, call.tenant, appointment_id, wish, match=held, now=call.now)
    if key is None:
        await move()
    else:
        await once(call.conn, require_key(key), call.req.path, wish, type(None), move)
    return in_zone(await appointments.get_appointment(call.conn, appointment_id))


@api(f"DELETE {_ONE}", "Cancel an appointment", problems=_OVER)
async def _cancel(call: Call) -> CancelledAppointment:
    """Cancel and answer the appointment as it is now, what it costs, and what goes back."""
    appointment_id = call.prove(AppointmentUnknown)
    money = await service.cancel(call.conn, appointment_id, by="customer", reason="", now=call.now)
    found = in_zone(await appointments.get_appointment(call.conn, appointment_id))
    return CancelledAppointment(**msgspec.structs.asdict(found), **msgspec.structs.asdict(money))


@api(f"GET {_ONE}/policy-preview", "Preview what cancelling costs", problems=_OVER)
async def _preview(call: Call) -> PolicyPreview:
    """Answer the fee and the refund of cancelling now, and whether the customer may still move it."""
    visit = await queries.get_visit(call.conn, ids=[call.prove(AppointmentUnknown)])
    return rules.preview(visit, call.tenant.time_zone, now=call.now)
