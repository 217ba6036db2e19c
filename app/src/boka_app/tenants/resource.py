"""`/api/tenants/{slug}`: who this business is."""

from falcon.asgi import Request, Response

from boka_app.database import Pool, tenant_transaction
from boka_app.openapi.operations import operation
from boka_app.tenants.model import Tenant


class TenantResource:
    """One tenant, by its name in addresses."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @operation("Read a tenant", answer=Tenant, problems=["tenant-unknown"])
    async def on_get(self, _req: Request, resp: Response, slug: str) -> None:
        """Answer the tenant with its zone and booking limits."""
        async with tenant_transaction(self._pool, slug) as (_conn, tenant):
            resp.media = tenant
