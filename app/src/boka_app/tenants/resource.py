"""`/api/tenants/{slug}`: who this business is."""

from boka_app.conventions.api import Api, Call
from boka_app.conventions.editing import edit_one
from boka_app.tenants.model import Tenant
from boka_app.tenants.tables import SETTINGS

api = Api()

edit_one(api, "/api/tenants/{slug}/settings", SETTINGS)


@api("GET /api/tenants/{slug}", "Read a tenant")
async def _read(call: Call) -> Tenant:
    """Answer the tenant with its zone and booking limits."""
    return call.tenant
