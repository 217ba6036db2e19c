"""`/api/tenants/{slug}/services`, `/employees`: what is on offer. `/catalog/…`: the same for staff, to edit."""

from falcon.asgi import Request, Response

from boka_app.catalog import queries, tables
from boka_app.catalog.model import Employee, Service
from boka_app.conventions.editing import SEARCH, ListEditor, editor_routes, words_of
from boka_app.conventions.etag import answer_unless_known
from boka_app.database import Pool, tenant_transaction
from boka_app.openapi.operations import IF_NONE_MATCH, operation
from boka_app.parts import Parts, Routes


def routes(parts: Parts) -> Routes:
    """Return the addresses of the catalog."""
    tenant = "/api/tenants/{slug}"
    lists = {
        "services/{id:uuid}/prices": tables.PRICES,
        "employees/{id:uuid}/services": tables.SKILLS,
        "employees/{id:uuid}/hours": tables.WEEK,
        "employees/{id:uuid}/exceptions": tables.DATES,
        "employees/{id:uuid}/exceptions/{on_date:date}": tables.ONE_DATE,
    }
    return [
        (f"{tenant}/services", ServicesResource(parts.pool)),
        (f"{tenant}/employees", EmployeesResource(parts.pool)),
        *editor_routes(parts, f"{tenant}/catalog/services", tables.SERVICES),
        *editor_routes(parts, f"{tenant}/catalog/employees", tables.EMPLOYEES),
        *editor_routes(parts, f"{tenant}/catalog/blocked-slots", tables.BLOCKED_SLOTS),
        *((f"{tenant}/catalog/{path}", ListEditor(parts, what).responders()) for path, what in lists.items()),
    ]


class ServicesResource:
    """The services of a tenant."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @operation("List a tenant's services", answer=list[Service], parameters=[SEARCH, IF_NONE_MATCH])
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer every service on offer, or those that a search finds."""
        async with tenant_transaction(self._pool, slug) as (conn, _tenant):
            services = await queries.list_services(conn, words_of(req))
        answer_unless_known(req, resp, services)


class EmployeesResource:
    """The employees of a tenant."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @operation("List a tenant's employees", answer=list[Employee], parameters=[IF_NONE_MATCH])
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer everybody who takes bookings, with what they perform."""
        async with tenant_transaction(self._pool, slug) as (conn, _tenant):
            employees = await queries.list_employees(conn)
        answer_unless_known(req, resp, employees)
