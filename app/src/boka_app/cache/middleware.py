"""After every change: no answer from before it, whoever made it and by which address."""

from collections.abc import Mapping
from typing import Any

from falcon.asgi import Request, Response

from boka_app.cache.service import SlotCache, told

_SAFE = ("GET", "HEAD", "OPTIONS", "QUERY")
_REFUSED = 400


class CacheMiddleware:
    """Makes a tenant's cached answers unreachable when a request changed something and did not say what."""

    def __init__(self, cache: SlotCache) -> None:
        self._cache = cache

    async def process_resource(self, req: Request, resp: Response, resource: object, params: dict[str, Any]) -> None:  # noqa: ARG002
        """Note whose rows the request may change."""
        if req.method not in _SAFE:
            req.context.changes = params.get("slug")
            told.set(False)

    async def process_response(
        self,
        req: Request,
        resp: Response,
        resource: object,  # noqa: ARG002  names and order are Falcon's
        req_succeeded: bool,  # noqa: ARG002, FBT001
    ) -> None:
        """Tell the cache before the client hears that it is done."""
        if req.method not in _SAFE and resp.status_code < _REFUSED and not told.get():
            slug = req.context.get("changes")
            if slug is not None:
                await self._cache.forget(slug)

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """End the connection."""
        self._cache.close()
