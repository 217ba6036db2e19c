"""`/api/tenants/{slug}/series`: visits booked together."""

from boka_app.appointments.model import TokenMissing
from boka_app.availability.model import BeyondHorizon, SlotInPast
from boka_app.catalog.model import EmployeeUnknown, ServiceUnknown
from boka_app.conventions.api import Api, Call
from boka_app.series import service
from boka_app.series.model import BookedSeries, Series, SeriesConflicts, SeriesRequest, SeriesUnknown

_ALL = "/api/tenants/{slug}/series"
_ONE = f"{_ALL}/{{series_id:uuid}}"
_UNBOOKABLE = (ServiceUnknown, EmployeeUnknown, SlotInPast, BeyondHorizon, SeriesConflicts)
api = Api()


@api(f"POST {_ALL}", "Book a series", status=201, key=True, problems=_UNBOOKABLE)
async def _book(call: Call, wish: SeriesRequest) -> BookedSeries:
    """Book all visits or none; with `partial` those that can be had, and list the others."""
    booked = await service.book(call.conn, call.parts, call.tenant, wish, key=call.key)
    call.resp.location = f"{call.req.path}/{booked.series.id}"
    return booked


@api(f"GET {_ONE}", "Read a series", problems=[TokenMissing, SeriesUnknown])
async def _read(call: Call) -> Series:
    """Answer its visits by time."""
    return await service.read(call.conn, call.prove(SeriesUnknown, purpose="series"))


@api(f"DELETE {_ONE}", "Cancel a series", problems=[TokenMissing, SeriesUnknown])
async def _cancel(call: Call) -> Series:
    """Cancel what is still to come, and answer the series as it is then."""
    return await service.cancel(call.conn, call.prove(SeriesUnknown, purpose="series"), call.now)
