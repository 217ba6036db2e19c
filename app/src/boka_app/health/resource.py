"""`/health` for the load balancer, `/api/health` and `/api/health/ready` for people and for deploys."""

from typing import Literal

import falcon
import msgspec
from falcon.asgi import Request, Response
from psycopg import Error
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from boka_app.conventions.api import Api, Call
from boka_app.database import Pool, connection
from boka_app.migrations import runner

_CHECK_TIMEOUT_S = 1.0  # a probe that waits longer than its caller tells nothing
api = Api()


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


@api("GET /api/health", "Read the service's health", alone=True)
async def _read(call: Call) -> Health:
    """Answer release, liveness and readiness; always 200 while the process lives."""
    checks = await _check(call.parts.pool)
    return Health(release=call.parts.settings.release, live=True, ready=checks.ready, checks=checks)


@api("GET /api/health/ready", "Ask whether the service is ready", alone=True)
async def _ask(call: Call) -> Health:
    """Answer the same: 200 when ready, 503 while the service cannot book."""
    health = await _read(call)
    if not health.ready:
        call.resp.status = falcon.HTTP_503
        call.resp.set_header("Retry-After", "2")
    return health


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
