"""`/api/tenants/{slug}/analytics` and `/api/business-metrics`."""

from datetime import date
from functools import partial

from boka_app.analytics import queries, rules, service
from boka_app.analytics.model import BusinessMetrics, Dashboard
from boka_app.availability.model import RangeInvalid
from boka_app.conventions.api import Api, Call
from boka_app.openapi.operations import parameter

_SPAN = (
    parameter("from", "date", "First date; without it, 29 days before the last.", required=False),
    parameter("to", "date", "Last date, included; without it, today. At most 366 days with the first.", required=False),
)
api = Api()
_look = partial(api, parameters=_SPAN, problems=[RangeInvalid])


@_look("GET /api/tenants/{slug}/analytics", "Read a tenant's figures", needs="analytics.read")
async def _read(call: Call) -> Dashboard:
    """Answer sums by day, service and employee: past days as of some minutes ago, later ones as of now."""
    return await service.read_dashboard(call.conn, call.tenant, *_span(call))


@_look("GET /api/business-metrics", "Read the figures of all tenants", needs="platform.read")
async def _compare(call: Call) -> BusinessMetrics:
    """Answer counts and money by tenant, as of some minutes ago."""
    first, last = _span(call)
    rules.dates(first, last)
    tenants = await queries.list_metrics(call.conn, first=first, last=last)
    return BusinessMetrics(first=first, last=last, tenants=tenants)


def _span(call: Call) -> tuple[date, date]:
    return rules.span(call.req.get_param_as_date("from"), call.req.get_param_as_date("to"), call.now.date())
