"""`/api/tenants/{slug}/slots`: what can be booked."""

from collections.abc import Callable
from datetime import datetime

from falcon.asgi import Request, Response

from boka_app.availability import service
from boka_app.availability.model import Slots
from boka_app.database import Pool, tenant_transaction
from boka_app.openapi.operations import operation, parameter


class SlotsResource:
    """The free slots of one service."""

    def __init__(self, pool: Pool, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._now = now

    @operation(
        "List free slots",
        answer=Slots,
        parameters=[
            parameter("service", "uuid", "The service to book."),
            parameter("from", "date", "First date, in the tenant's zone."),
            parameter("to", "date", "Last date, included; at most 31 days with the first."),
            parameter("employee", "uuid", "Only this employee's time.", required=False),
        ],
        problems=["tenant-unknown", "service-unknown", "employee-unknown", "range-invalid", "parameter-invalid"],
    )
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer every start that booking would accept now."""
        span = req.get_param_as_date("from", required=True), req.get_param_as_date("to", required=True)
        service_id = req.get_param_as_uuid("service", required=True)
        employee_id = req.get_param_as_uuid("employee")
        async with tenant_transaction(self._pool, slug) as (conn, tenant):
            resp.media = await service.answer_slots(
                conn, tenant, service_id, span, employee_id=employee_id, now=self._now()
            )
        resp.cache_control = ["no-store"]
