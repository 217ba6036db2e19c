"""`/api/tenants/{slug}/audit`: who changed what."""

from falcon.asgi import Request, Response

from boka_app.audit import queries
from boka_app.audit.model import AuditEntry
from boka_app.conventions.model import Page
from boka_app.conventions.paging import Pages
from boka_app.database import tenant_transaction
from boka_app.openapi.operations import operation, parameter
from boka_app.parts import Parts, Routes


def routes(parts: Parts) -> Routes:
    """Return the address of the audit."""
    return [("/api/tenants/{slug}/audit", AuditResource(parts))]


class AuditResource:
    """The audit of a tenant, newest first."""

    def __init__(self, parts: Parts) -> None:
        self._pool = parts.pool
        self._pages = Pages(parts.settings, "audit", int)

    @operation(
        "List who changed what, newest first",
        answer=Page[AuditEntry],
        needs="audit.read",
        parameters=[parameter("subject", "uuid", "Only what happened to this.", required=False)],
    )
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer a page of entries."""
        wanted = self._pages.wanted(req)
        subject_id = req.get_param_as_uuid("subject")
        async with tenant_transaction(self._pool, slug, req.context.principal.actor) as (conn, _tenant):
            entries = await queries.list_entries(conn, subject_id, before=wanted.after, fetch=wanted.fetch)
        self._pages.answer(req, resp, wanted, entries, lambda entry: entry.id)
