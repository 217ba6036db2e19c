"""Which tenant a host name leads to: `{slug}.{the site's host}`, or a name of the tenant's own."""

import time
from urllib.parse import urlsplit

from falcon.asgi import Request, Response

from boka_app.database import Pool, connection
from boka_app.tenants import queries

_KEEP_S = 60.0  # a name that a tenant takes or gives up counts after a minute at the latest
_KEEP_NAMES = 1000  # names come from outside, so how many are remembered is bounded


class TenantHosts:
    """Middleware: at a tenant's host, `/` shows its pages. All other addresses are the same at every host."""

    def __init__(self, pool: Pool, public_url: str) -> None:
        self._pool = pool
        self._site = urlsplit(public_url).hostname or ""
        self._known: dict[str, tuple[str | None, float]] = {}

    async def process_request(self, req: Request, resp: Response) -> None:  # noqa: ARG002  names are Falcon's
        """Lead `/` to the pages of the tenant whose host it is."""
        if req.path == "/":
            slug = await self.slug_of(req.host)
            if slug is not None:
                req.path = f"/b/{slug}"

    async def slug_of(self, host: str) -> str | None:
        """Return the slug of the tenant that a host name belongs to; None for the site itself and for strangers."""
        name = host.lower().rstrip(".")
        if name == self._site:
            return None
        slug, until = self._known.get(name, (None, 0.0))
        if time.monotonic() >= until:
            own = name.removesuffix(f".{self._site}")  # slugs decide below the site: a host_name takes none
            wanted = {"slug": None, "host_name": name} if own == name else {"slug": own, "host_name": None}
            async with connection(self._pool) as conn:
                slug = await queries.find_slug(conn, **wanted)
            if len(self._known) >= _KEEP_NAMES:
                self._known.clear()
            self._known[name] = slug, time.monotonic() + _KEEP_S
        return slug
