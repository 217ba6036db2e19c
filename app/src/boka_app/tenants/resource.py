"""`/api/tenants/{slug}`: who this business is."""

from falcon.asgi import Request, Response

from boka_app.conventions.editing import Editor
from boka_app.database import Pool, tenant_transaction
from boka_app.openapi.operations import operation
from boka_app.parts import Parts, Routes
from boka_app.tenants.model import Tenant
from boka_app.tenants.tables import SETTINGS


def routes(parts: Parts) -> Routes:
    """Return the addresses of a tenant itself."""
    return [
        ("/api/tenants/{slug}", TenantResource(parts.pool)),
        ("/api/tenants/{slug}/settings", Editor(parts, SETTINGS).one()),
    ]


class TenantResource:
    """One tenant, by its name in addresses."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @operation("Read a tenant", answer=Tenant)
    async def on_get(self, _req: Request, resp: Response, slug: str) -> None:
        """Answer the tenant with its zone and booking limits."""
        async with tenant_transaction(self._pool, slug) as (_conn, tenant):
            resp.media = tenant
