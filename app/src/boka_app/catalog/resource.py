"""`/api/tenants/{slug}/services` and `/employees`: what is on offer."""

from falcon.asgi import Request, Response

from boka_app.catalog import queries
from boka_app.catalog.model import Employee, Service
from boka_app.database import Pool, tenant_transaction
from boka_app.openapi.operations import operation


class ServicesResource:
    """The services of a tenant."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @operation("List a tenant's services", answer=list[Service], problems=["tenant-unknown"])
    async def on_get(self, _req: Request, resp: Response, slug: str) -> None:
        """Answer every service on offer."""
        async with tenant_transaction(self._pool, slug) as (conn, _tenant):
            resp.media = await queries.list_services(conn)


class EmployeesResource:
    """The employees of a tenant."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @operation("List a tenant's employees", answer=list[Employee], problems=["tenant-unknown"])
    async def on_get(self, _req: Request, resp: Response, slug: str) -> None:
        """Answer everybody who takes bookings, with what they perform."""
        async with tenant_transaction(self._pool, slug) as (conn, _tenant):
            resp.media = await queries.list_employees(conn)
