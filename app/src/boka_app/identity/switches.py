"""The platform's switches, as this process knows them: read once a second beside the requests, never by one."""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Any

from psycopg import Error

from boka_app import metrics
from boka_app.database import connection
from boka_app.identity import queries
from boka_app.identity.model import InMaintenance, ReadOnly
from boka_app.parts import Parts

_SAFE = ("GET", "HEAD", "OPTIONS", "QUERY")
_BETWEEN_S = 1.0
_SESSIONS_EVERY = 15  # looks at the switches to one count of sessions, which reads an index
EXEMPT = ("/health", "/api/health", "/api/metrics", "/api/admin", "/api/auth", "/staff/login", "/assets")


class Switches:
    """Knows which switches are on, and refuses what they forbid."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._watch: asyncio.Task[None] | None = None
        self.on: frozenset[str] = frozenset()

    def check(self, method: str, path: str) -> None:
        """Let a request pass, or refuse it.

        Raises:
            InMaintenance, ReadOnly: a switch is on, and the address is none of those that always answer.
        """
        if not self.on or path.startswith(EXEMPT):
            return
        if "maintenance" in self.on:
            raise InMaintenance
        if "read_only" in self.on and method not in _SAFE:
            raise ReadOnly

    async def process_startup(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Begin to look. Falcon calls it, after the pool was opened."""
        self._watch = asyncio.create_task(self._look())

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Look no more."""
        while self._watch and not self._watch.done():
            self._watch.cancel()  # again, if need be: before 3.12 wait_for, on which the pool waits, may swallow one
            await asyncio.wait([self._watch], timeout=0.1)

    async def _look(self) -> None:
        for turn in count():
            try:
                async with connection(self._parts.pool, wait_s=_BETWEEN_S) as conn:
                    self.on = frozenset(await queries.list_switches_on(conn))
                    if turn % _SESSIONS_EVERY == 0:
                        metrics.SESSIONS.set(await queries.count_sessions(conn, now=self._parts.now()))
            except Error:
                pass  # away, or not migrated yet: every request tells that; what was known last still holds
            await asyncio.sleep(_BETWEEN_S)
