"""`/api/tenants/{slug}/slots`: what can be booked."""

from collections.abc import Callable
from datetime import datetime

from falcon.asgi import Request, Response

from boka_app.availability import queries, rules, service
from boka_app.availability.model import Slots
from boka_app.database import Pool, connection
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
        dates = rules.date_range(
            req.get_param_as_date("from", required=True), req.get_param_as_date("to", required=True)
        )
        service_id = req.get_param_as_uuid("service", required=True)
        employee_id = req.get_param_as_uuid("employee")
        now = self._now()
        async with connection(self._pool) as conn:
            found = await queries.find_availability(conn, slug, service_id, dates, employee_id=employee_id, now=now)
        resp.media = service.answer_slots(found, dates, now=now)
        resp.cache_control = ["no-store"]
