"""How many requests one caller may send: accounts and keys by who they are, anonymous writes by where they come from.

Anonymous reads are not counted; they cost one comparison here. Valkey counts for all workers of all hosts, in one round
trip; while it is away each worker counts alone, so the limit is looser and nobody is refused who should not be.
Counted are requests of this minute, and of the one before for as much of it as lies within sixty seconds.
Source: draft-ietf-httpapi-ratelimit-headers-10 for the fields.
"""

import hashlib
import ipaddress
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from falcon.asgi import Request, Response

from boka_app.cache.client import Away, Valkey
from boka_app.conventions.model import RateLimited
from boka_app.settings import LOOPBACK, RateLimitSettings, ValkeySettings

_READS = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})
_WINDOW_S = 60
_HIT = """
local now = redis.call('TIME')
local window, quota, into = tonumber(ARGV[2]), tonumber(ARGV[3]), now[1] % ARGV[2]
local minute = math.floor(now[1] / window)
local key = ARGV[1] .. minute
local before = tonumber(redis.call('GET', ARGV[1] .. (minute - 1)) or 0)
local used = math.floor(before * (window - into) / window) + tonumber(redis.call('GET', key) or 0)
if used >= quota then
    return {0, 0, window - into}
end
redis.call('INCR', key)
redis.call('EXPIRE', key, window * 2)
return {1, quota - used - 1, window - into}
"""
_DIGEST = hashlib.sha1(_HIT.encode()).hexdigest()  # noqa: S324  Valkey's name for a script


@dataclass(frozen=True, slots=True)
class _Policy:
    name: str
    quota: int


class _Count(NamedTuple):
    allowed: bool
    remaining: int
    reset_s: int  # until this minute's count is no longer whole


class RateLimits:
    """Middleware that counts and refuses. It goes after the one that finds out who asks.

    A resource that others must reach at any rate, such as one for a provider's webhooks, says `unlimited = True`.
    """

    def __init__(
        self, limits: RateLimitSettings, valkey: ValkeySettings | None, now: Callable[[], float] = time.time
    ) -> None:
        self._callers = _Policy("callers", limits.requests_per_minute)
        self._anonymous = _Policy("anonymous-writes", limits.anonymous_writes_per_minute)
        self._shared = None if valkey is None else Valkey(valkey)
        self._alone = _Alone()
        self._now = now  # for this process; Valkey has its own clock, the same for all hosts

    async def process_resource(
        self,
        req: Request,
        resp: Response,
        resource: object,
        params: Mapping[str, Any],  # noqa: ARG002  names and order are Falcon's
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
        count = await self._count(policy, f"rate:{policy.name}:{caller}:")
        resp.set_header("RateLimit-Policy", f'"{policy.name}";q={policy.quota};w={_WINDOW_S}')
        resp.set_header("RateLimit", f'"{policy.name}";r={count.remaining};t={count.reset_s}')
        if not count.allowed:
            resp.set_header("Retry-After", str(count.reset_s))
            raise RateLimited(policy.quota, _WINDOW_S, count.reset_s)

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """End the connection to Valkey."""
        if self._shared is not None:
            self._shared.close()

    async def _count(self, policy: _Policy, key: str) -> _Count:
        if self._shared is not None:
            with suppress(Away):
                allowed, remaining, reset_s = await _hit(self._shared, key, policy.quota)
                return _Count(bool(allowed), remaining, reset_s)
        return self._alone.hit(key, policy.quota, self._now())


async def _hit(valkey: Valkey, key: str, quota: int) -> list[int]:
    try:
        return await valkey.ask("EVALSHA", _DIGEST, 0, key, _WINDOW_S, quota)
    except Away as err:
        if not str(err).startswith("NOSCRIPT"):
            raise
    return await valkey.ask("EVAL", _HIT, 0, key, _WINDOW_S, quota)


class _Alone:
    """The same count in this process; what it holds is bounded by the requests of two minutes."""

    def __init__(self) -> None:
        self._minute = 0
        self._now: Counter[str] = Counter()
        self._before: Counter[str] = Counter()

    def hit(self, key: str, quota: int, now: float) -> _Count:
        minute, into = divmod(now, _WINDOW_S)
        if minute != self._minute:
            self._before = self._now if minute == self._minute + 1 else Counter()
            self._minute, self._now = int(minute), Counter()
        used = math.floor(self._before[key] * (_WINDOW_S - into) / _WINDOW_S) + self._now[key]
        reset_s = math.ceil(_WINDOW_S - into)
        if used >= quota:
            return _Count(allowed=False, remaining=0, reset_s=reset_s)
        self._now[key] += 1
        return _Count(allowed=True, remaining=quota - used - 1, reset_s=reset_s)


def client_address(req: Request) -> str:
    """Return where the request comes from: its peer, or whom X-Real-IP names if the peer is a proxy we trust."""
    peer, _ = req.scope.get("client") or (LOOPBACK[0], 0)  # not `remote_addr`, which reads all that a caller can forge
    given = req.get_header("X-Real-IP")
    return given if given and _is_in(req.context.get("proxies", LOOPBACK), peer) else peer


@lru_cache
def _is_in(networks: tuple[str, ...], address: str) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(each) for each in networks)


def network(address: str) -> str:
    """Return what counts as one caller: an IPv4 address, or the /64 that an IPv6 customer can choose from freely."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a Unix socket has no address
        return "unknown"
    if parsed.version == 4:  # noqa: PLR2004  the version of IP
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
