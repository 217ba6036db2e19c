"""`/api/tenants/{slug}/waitlist`: wait for a free start, take it or leave; and for staff, who waits."""

from boka_app.appointments.model import NOT_ONES_OWN, AppointmentUnknown, Booked, TokenMissing
from boka_app.availability.model import RangeInvalid
from boka_app.catalog.model import EmployeeUnknown, ServiceUnknown
from boka_app.conventions.api import Api, Call, bearer_token
from boka_app.conventions.model import Page
from boka_app.waitlist import queries, service
from boka_app.waitlist.model import (
    Joined,
    JoinRequest,
    NothingOffered,
    StaffWaitlistEntry,
    WaitlistEntry,
    WaitlistUnknown,
)

_ALL = "/api/tenants/{slug}/waitlist"
_ONE = f"{_ALL}/{{entry_id:uuid}}"
_REFUSED = (ServiceUnknown, EmployeeUnknown, RangeInvalid)
api = Api()


@api(f"POST {_ALL}", "Join the waitlist", status=201, key=True, problems=_REFUSED)
async def _join(call: Call, wish: JoinRequest) -> Joined:
    """Take the last place, or repeat the answer of the first request with this key."""
    joined = await service.join(call.conn, call.parts, call.tenant, wish, key=call.key)
    call.resp.location = f"{call.req.path}/{joined.entry.id}"
    return joined


@api(f"GET {_ALL}", "List who waits", needs="appointments.read")
async def _list(call: Call) -> Page[StaffWaitlistEntry]:
    """Answer a page of those who wait or have an offer, whoever waits longest first."""
    return await call.page("waitlist", queries.list_entries, lambda entry: (entry.created_at, entry.id))


@api(f"GET {_ONE}", "Read a place on the waitlist", problems=[TokenMissing, WaitlistUnknown])
async def _read(call: Call) -> WaitlistEntry:
    """Answer the place, and what it is offered."""
    entry_id = call.prove(WaitlistUnknown, purpose="waitlist")
    return await service.read(call.conn, call.parts, call.tenant, entry_id)


@api(f"DELETE {_ONE}", "Leave the waitlist", problems=[TokenMissing, WaitlistUnknown])
async def _leave(call: Call) -> WaitlistEntry:
    """Give the place up, and what was held for it."""
    entry_id = call.prove(WaitlistUnknown, purpose="waitlist")
    await service.leave(call.conn, entry_id, call.now)
    return await service.read(call.conn, call.parts, call.tenant, entry_id)


@api(
    "POST /api/tenants/{slug}/appointments/{appointment_id:uuid}/accept",
    "Accept an offer of the waitlist",
    problems=[NothingOffered, *NOT_ONES_OWN],
)
async def _accept(call: Call) -> Booked:
    """Book what is held; twice is no error."""
    booked = await service.accept(call.conn, call.prove(AppointmentUnknown), call.now)
    token = bearer_token(call.req)
    url = f"{call.parts.settings.public_url}/b/{call.tenant.slug}/appointments/{booked.id}/{token}"
    return Booked(appointment=booked, token=token, manage_url=url)
