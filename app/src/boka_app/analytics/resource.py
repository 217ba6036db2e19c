"""`/api/tenants/{slug}/analytics` and `/api/business-metrics`."""

from datetime import date

from falcon.asgi import Request, Response

from boka_app.analytics import queries, rules, service
from boka_app.analytics.model import BusinessMetrics, Dashboard
from boka_app.availability.model import RangeInvalid
from boka_app.database import platform_transaction, tenant_transaction
from boka_app.openapi.operations import operation, parameter
from boka_app.parts import Parts, Routes

_SPAN = (
    parameter("from", "date", "First date; without it, 29 days before the last.", required=False),
    parameter("to", "date", "Last date, included; without it, today. At most 366 days with the first.", required=False),
)


def routes(parts: Parts) -> Routes:
    """Return the addresses of figures."""
    return [
        ("/api/tenants/{slug}/analytics", AnalyticsResource(parts)),
        ("/api/business-metrics", BusinessMetricsResource(parts)),
    ]


class AnalyticsResource:
    """How one business does."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation(
        "Read a tenant's figures",
        answer=Dashboard,
        needs="analytics.read",
        parameters=_SPAN,
        problems=[RangeInvalid],
    )
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer sums by day, service and employee: past days as of some minutes ago, later ones as of now."""
        first, last = _span(req, self._parts.now().date())
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            resp.media = await service.read_dashboard(conn, tenant, first, last)
        resp.cache_control = ["no-store"]


class BusinessMetricsResource:
    """How all businesses of the platform do."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation(
        "Read the figures of all tenants",
        answer=BusinessMetrics,
        needs="platform.read",
        parameters=_SPAN,
        problems=[RangeInvalid],
    )
    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer counts and money by tenant, as of some minutes ago."""
        first, last = _span(req, self._parts.now().date())
        rules.dates(first, last)
        async with platform_transaction(self._parts.pool, req.context.principal.actor) as conn:
            tenants = await queries.list_metrics(conn, first, last)
        resp.media = BusinessMetrics(first=first, last=last, tenants=tenants)
        resp.cache_control = ["no-store"]


def _span(req: Request, today: date) -> tuple[date, date]:
    return rules.span(req.get_param_as_date("from"), req.get_param_as_date("to"), today)
