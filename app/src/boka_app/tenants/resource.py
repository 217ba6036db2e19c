"""`/api/tenants/{slug}`: who this business is."""

from boka_app.conventions.api import Api, Call
from boka_app.conventions.editing import Editor
from boka_app.parts import Parts, Routes
from boka_app.tenants.model import Tenant
from boka_app.tenants.tables import SETTINGS

api = Api()


def routes(parts: Parts) -> Routes:
    """Return the addresses of a tenant itself."""
    return [*api.routes(parts), ("/api/tenants/{slug}/settings", Editor(parts, SETTINGS).one())]


@api("GET /api/tenants/{slug}", "Read a tenant", answer=Tenant)
async def _read(call: Call) -> Tenant:
    """Answer the tenant with its zone and booking limits."""
    return call.tenant
