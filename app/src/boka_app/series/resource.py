"""`/api/tenants/{slug}/series`: visits booked together."""

from boka_app.conventions.api import Api, Call
from boka_app.series import service
from boka_app.series.model import BookedSeries, Series, SeriesRequest, SeriesUnknown

_ALL = "/api/tenants/{slug}/series"
_ONE = f"{_ALL}/{{series_id:uuid}}"
_PROBLEMS = ("token-missing", "tenant-unknown", "series-unknown")
api = Api()


@api(
    f"POST {_ALL}",
    "Book a series",
    answer=BookedSeries,
    status=201,
    body=SeriesRequest,
    key="Fresh for each series, 8 to 255 characters.",
    problems=[
        "tenant-unknown",
        "service-unknown",
        "employee-unknown",
        "slot-past",
        "beyond-horizon",
        "series-conflicts",
        "idempotency-key-missing",
        "idempotency-key-reused",
        "body-malformed",
        "body-invalid",
        "body-too-large",
        "media-type",
    ],
)
async def _book(call: Call) -> BookedSeries:
    """Book all visits or none; with `partial` those that can be had, and list the others."""
    booked = await service.book(call.conn, call.parts, call.tenant, call.wish, key=call.key)
    call.resp.location = f"{call.req.path}/{booked.series.id}"
    return booked


@api(f"GET {_ONE}", "Read a series", answer=Series, problems=_PROBLEMS)
async def _read(call: Call) -> Series:
    """Answer its visits by time."""
    return await service.read(call.conn, call.prove(SeriesUnknown, purpose="series"))


@api(f"DELETE {_ONE}", "Cancel a series", answer=Series, problems=_PROBLEMS)
async def _cancel(call: Call) -> Series:
    """Cancel what is still to come, and answer the series as it is then."""
    return await service.cancel(call.conn, call.prove(SeriesUnknown, purpose="series"), call.now)
