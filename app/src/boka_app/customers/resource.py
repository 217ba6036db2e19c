"""`/api/tenants/{slug}/customers`: found, corrected, exported, erased."""

from uuid import UUID

from falcon.asgi import Request, Response

from boka_app.conventions.editing import editor_routes
from boka_app.conventions.model import RowUnknown
from boka_app.customers import service
from boka_app.customers.model import Erasure, PersonalData, VisitsAhead
from boka_app.customers.tables import CUSTOMERS
from boka_app.database import tenant_transaction
from boka_app.openapi.operations import operation
from boka_app.parts import Parts, Routes


def routes(parts: Parts) -> Routes:
    """Return the addresses of customers."""
    path = "/api/tenants/{slug}/customers"
    return [
        *editor_routes(parts, path, CUSTOMERS),
        (f"{path}/{{id:uuid}}/export", ExportResource(parts)),
        (f"{path}/{{id:uuid}}/erase", EraseResource(parts)),
    ]


class ExportResource:
    """What is held on a person."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation(
        "Export everything held on a person", answer=PersonalData, needs="customers.export", problems=[RowUnknown]
    )
    async def on_get(self, req: Request, resp: Response, slug: str, id: UUID) -> None:  # noqa: A002  as in the address
        """Answer every row."""
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, _tenant):
            resp.media = await service.export_customer(conn, id)
        resp.cache_control = ["no-store"]


class EraseResource:
    """The end of what is held on a person."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation("Erase a person, for good", answer=Erasure, needs="customers.erase", problems=[RowUnknown, VisitsAhead])
    async def on_post(self, req: Request, resp: Response, slug: str, id: UUID) -> None:  # noqa: A002  as in the address
        """Erase; the appointments stay, of nobody."""
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, _tenant):
            resp.media = await service.erase_customer(conn, id, now=self._parts.now())
