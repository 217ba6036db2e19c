"""`/health` for the load balancer, `/api/health` and `/api/health/ready` for people and for deploys."""

from typing import Literal

import falcon
import msgspec
from falcon.asgi import Request, Response
from psycopg import Error
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from boka_app.database import Pool, connection
from boka_app.migrations import runner
from boka_app.openapi.operations import operation

_CHECK_TIMEOUT_S = 1.0  # a probe that waits longer than its caller tells nothing


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether bookings can be served, and what stands in the way."""

    ready: bool
    pool: Literal["ok", "no connection"]
    migrations: Literal["at head", "behind", "unknown"]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What this process is and how it is."""

    release: str
    live: bool
    ready: bool
    checks: Readiness


class LivenessResource:
    """`/health`: the process answers. Asks nothing of anybody."""

    async def on_get(self, _req: Request, resp: Response) -> None:
        """Answer that the process lives."""
        resp.content_type = falcon.MEDIA_JSON
        resp.data = b'{"status":"live"}'


class HealthResource:
    """`/api/health`: always 200 while the process lives; the body tells the rest."""

    def __init__(self, pool: Pool, release: str) -> None:
        self._pool = pool
        self._release = release

    @operation("Read the service's health", answer=Health)
    async def on_get(self, _req: Request, resp: Response) -> None:
        """Answer release, liveness and readiness."""
        resp.media = await self._health()
        resp.cache_control = ["no-store"]

    async def _health(self) -> Health:
        checks = await _check(self._pool)
        return Health(release=self._release, live=True, ready=checks.ready, checks=checks)


class ReadinessResource(HealthResource):
    """`/api/health/ready`: the same body; 503 while the service cannot book."""

    @operation("Ask whether the service is ready", answer=Health)
    async def on_get(self, _req: Request, resp: Response) -> None:
        """Answer 200 when ready, else 503."""
        health = await self._health()
        resp.media = health
        resp.cache_control = ["no-store"]
        if not health.ready:
            resp.status = falcon.HTTP_503
            resp.set_header("Retry-After", "2")


async def _check(pool: Pool) -> Readiness:
    try:
        async with connection(pool, wait_s=_CHECK_TIMEOUT_S) as conn:
            rows = await (await conn.execute(runner.APPLIED)).fetchall()
    except (PoolTimeout, PoolClosed, TooManyRequests):
        return Readiness(ready=False, pool="no connection", migrations="unknown")
    except Error:  # connected, but cannot read the table: no schema yet, no grant, or the connection just broke
        return Readiness(ready=False, pool="ok", migrations="unknown")
    # More applied than we ship is fine: the next release's migrations run while this one still serves.
    at_head = {m.number for m in runner.shipped()} <= {row[0] for row in rows}
    return Readiness(ready=at_head, pool="ok", migrations="at head" if at_head else "behind")
