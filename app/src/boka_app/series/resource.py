"""`/api/tenants/{slug}/series`: visits booked together."""

from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.body import read_body
from boka_app.idempotency.model import require_key
from boka_app.lifecycle.resource import bearer_token
from boka_app.openapi.operations import operation, parameter
from boka_app.parts import Parts, Routes
from boka_app.series.model import BookedSeries, Series, SeriesRequest
from boka_app.series.service import SeriesService

_PROBLEMS = ("token-missing", "tenant-unknown", "series-unknown")


def routes(parts: Parts) -> Routes:
    """Return the addresses of series and who answers them."""
    path, series = "/api/tenants/{slug}/series", SeriesService(parts)
    return [(path, SeriesResource(series)), (f"{path}/{{series_id:uuid}}", OneSeriesResource(series))]


class SeriesResource:
    """The series of a tenant."""

    _decoder = msgspec.json.Decoder(SeriesRequest)

    def __init__(self, series: SeriesService) -> None:
        self._series = series

    @operation(
        "Book a series",
        answer=BookedSeries,
        status=201,
        body=SeriesRequest,
        parameters=[parameter("Idempotency-Key", "text", "Fresh for each series, 8 to 255 characters.", kind="header")],
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
    async def on_post(self, req: Request, resp: Response, slug: str) -> None:
        """Book all visits or none; with `partial` those that can be had, and list the others."""
        key = require_key(req.get_header("Idempotency-Key"))
        wish = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        booked = await self._series.book(slug, wish, key=key)
        resp.status = falcon.HTTP_201
        resp.location = f"/api/tenants/{slug}/series/{booked.series.id}"
        resp.cache_control = ["no-store"]
        resp.media = booked


class OneSeriesResource:
    """One series, for whoever has its token."""

    def __init__(self, series: SeriesService) -> None:
        self._series = series

    @operation("Read a series", answer=Series, problems=_PROBLEMS)
    async def on_get(self, req: Request, resp: Response, slug: str, series_id: UUID) -> None:
        """Answer its visits by time."""
        resp.media = await self._series.read(slug, series_id, bearer_token(req))
        resp.cache_control = ["no-store"]

    @operation("Cancel a series", answer=Series, problems=_PROBLEMS)
    async def on_delete(self, req: Request, resp: Response, slug: str, series_id: UUID) -> None:
        """Cancel what is still to come, and answer the series as it is then."""
        resp.media = await self._series.cancel(slug, series_id, bearer_token(req))
        resp.cache_control = ["no-store"]
