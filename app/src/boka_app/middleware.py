"""Around every request: its id, its log line, its metrics, its headers. And the pool's life around the process."""

import logging
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import uuid4

from falcon.asgi import Request, Response
from prometheus_client import Counter, Histogram

from boka_app import logs, metrics
from boka_app.database import Pool

_log = logging.getLogger("boka_app.request")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")  # what may come from outside into logs and SQL
_QUIET = {"/health", "/api/health", "/api/health/ready", "/api/metrics"}  # probed every second or so
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; script-src 'self'; connect-src 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class RequestMiddleware:
    """Names each request and accounts for it."""

    def __init__(self, proxies: tuple[str, ...]) -> None:
        self._proxies = proxies

    async def process_request(self, req: Request, resp: Response) -> None:  # noqa: ARG002  names are Falcon's
        """Take the id the edge gave, or make one."""
        given = req.get_header("X-Request-ID") or ""
        logs.request_id.set(given if _REQUEST_ID.fullmatch(given) else uuid4().hex)
        req.context.proxies = self._proxies
        req.context.began = time.perf_counter()

    async def process_response(
        self,
        req: Request,
        resp: Response,
        resource: object,  # noqa: ARG002  names and order are Falcon's
        req_succeeded: bool,  # noqa: ARG002, FBT001
    ) -> None:
        """Set the headers every answer has, count it, and log it under its route's template."""
        for name, value in _HEADERS.items():
            resp.set_header(name, value)
        resp.set_header("X-Request-ID", logs.request_id.get())
        seconds = time.perf_counter() - req.context.began
        route = req.uri_template or "(none)"
        count, duration = _figures(req.method, route, resp.status_code)
        count.inc()
        duration.observe(seconds)
        facts: dict[str, Any] = {
            "method": req.method,
            "route": route,
            "status": resp.status_code,
            "duration_ms": round(seconds * 1000, 1),
        }
        level = logging.DEBUG if route in _QUIET else logging.INFO
        _log.log(level, "%s %s %s", req.method, route, resp.status_code, extra={"facts": facts})


@lru_cache(maxsize=4096)  # finding the two of a route costs as much as moving them
def _figures(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return metrics.REQUESTS.labels(method, route, str(status)), metrics.DURATION.labels(method, route)


class PoolLifespan:
    """Opens the pool when the worker starts and closes it when it ends."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def process_startup(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Start connecting; a database that is away does not keep the worker from living."""
        await self._pool.open(wait=False)

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Give the connections back."""
        await self._pool.close(timeout=2)
