"""How many requests one caller may send: accounts and keys by who they are, anonymous writes by where they come from.

Anonymous reads are not counted; they cost one comparison here. Valkey counts for all workers of all hosts; while it is
away each worker counts alone, so the limit is looser and nobody is refused who should not be.
Source: draft-ietf-httpapi-ratelimit-headers-10 for the fields.
"""

import ipaddress
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from falcon.asgi import Request, Response
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from valkey.exceptions import ValkeyError

from boka_app.conventions.model import RateLimited
from boka_app.settings import RateLimitSettings, ValkeySettings

_READS = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})
_WINDOW_S = 60
_CONNECT_S = 0.5  # with TLS it takes 5 ms, on a busy machine 70
_ANSWER_S = 0.25  # an answer takes 1 ms; this long means away
_PAUSE_S = 5.0  # before Valkey is asked again, so that its absence does not cost every request the time-out


@dataclass(frozen=True, slots=True)
class _Policy:
    name: str
    quota: int

    @property
    def item(self) -> RateLimitItemPerMinute:
        return RateLimitItemPerMinute(self.quota)


class RateLimits:
    """Middleware that counts and refuses. It goes after the one that finds out who asks.

    A resource that others must reach at any rate, such as one for a provider's webhooks, says `unlimited = True`.
    """

    def __init__(self, limits: RateLimitSettings, valkey: ValkeySettings | None) -> None:
        self._callers = _Policy("callers", limits.requests_per_minute)
        self._anonymous = _Policy("anonymous-writes", limits.anonymous_writes_per_minute)
        self._shared = None if valkey is None else SlidingWindowCounterRateLimiter(_storage(valkey))
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._ask_again_at = 0.0

    async def process_resource(
        self,
        req: Request,
        resp: Response,
        resource: object,
        params: Mapping[str, Any],  # noqa: ARG002  Falcon's
    ) -> None:
        """Count the request; refuse it if there were too many.

        Raises:
            RateLimited: beyond the quota; the answer says when to go on.
        """
        principal = req.context.get("principal")
        if principal is None and req.method in _READS:
            return
        if principal is not None:
            policy, caller = self._callers, f"{principal.kind}/{principal.id}"
        else:
            policy, caller = self._anonymous, network(client_address(req))
        if policy.quota == 0 or getattr(resource, "unlimited", False):
            return
        allowed, remaining, reset_s = await self._count(policy, caller)
        resp.set_header("RateLimit-Policy", f'"{policy.name}";q={policy.quota};w={_WINDOW_S}')
        resp.set_header("RateLimit", f'"{policy.name}";r={remaining};t={reset_s}')
        if not allowed:
            resp.set_header("Retry-After", str(reset_s))
            raise RateLimited(policy.quota, _WINDOW_S, reset_s)

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Give the connections to Valkey back."""
        if self._shared is not None:
            storage = self._shared.storage
            assert isinstance(storage, RedisStorage)  # noqa: S101  made so above
            await storage.bridge.get_connection().aclose()  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]

    async def _count(self, policy: _Policy, caller: str) -> tuple[bool, int, int]:
        if self._shared is not None and time.monotonic() >= self._ask_again_at:
            try:
                return await _hit(self._shared, policy, caller)
            except (ValkeyError, OSError):
                self._ask_again_at = time.monotonic() + _PAUSE_S
        return await _hit(self._alone, policy, caller)


async def _hit(limiter: SlidingWindowCounterRateLimiter, policy: _Policy, caller: str) -> tuple[bool, int, int]:
    """Return whether the request is within the quota, how many more are, and in how many seconds one is again."""
    item = policy.item
    allowed = await limiter.hit(item, policy.name, caller)
    stats = await limiter.get_window_stats(item, policy.name, caller)
    return allowed, stats.remaining, max(1, math.ceil(stats.reset_time - time.time()))


def client_address(req: Request) -> str:
    """Return where the request comes from: the edge says it in X-Real-IP, and nothing but an edge reaches us."""
    return req.get_header("X-Real-IP") or req.remote_addr


def network(address: str) -> str:
    """Return what counts as one caller: an IPv4 address, or the /64 that an IPv6 customer can choose from freely."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a Unix socket has no address
        return "unknown"
    if parsed.version == 4:  # noqa: PLR2004  the version of IP
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _storage(valkey: ValkeySettings) -> RedisStorage:
    options: dict[str, Any] = {
        "username": valkey.user,
        "password": valkey.password,
        "socket_timeout": _ANSWER_S,
        "socket_connect_timeout": _CONNECT_S,
    }
    if valkey.authority is not None:
        options["ssl_ca_certs"] = valkey.authority
    scheme = "valkey" if valkey.authority is None else "valkeys"
    return RedisStorage(f"async+{scheme}://{valkey.host}:{valkey.port}/0", key_prefix="rate", **options)
