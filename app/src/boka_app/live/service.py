"""One reader of the outbox a tenant and process, however many listen; none while nobody does."""

import asyncio
import logging
from collections.abc import AsyncGenerator

from psycopg import OperationalError
from psycopg_pool import PoolClosed

from boka_app.database import Pool, tenant_transaction
from boka_app.errors import DomainError
from boka_app.live import queries
from boka_app.live.model import Event, Position, TooManyListeners
from boka_app.tenants.model import JOB

_log = logging.getLogger(__name__)
MAX_LISTENERS = 400  # a process; gunicorn lets a worker have 1,000 connections, and requests need some too
_POLL_S = 0.25  # what a person does not notice; a read of no event costs 1 ms
_AWAY_S = 2.0  # between attempts while the database is away
_BATCH = 500  # events a read; one who missed more than this is told to begin anew
HEARTBEAT_S = 5.0  # edges end connections silent for 30 s; as often it is seen whether staff may still listen
_QUEUE = 100  # events that a listener may be behind before its stream ends; it comes back by itself

_Queue = asyncio.Queue[Event | None]  # None ends the stream


class Feeds:
    """The live events of every tenant that somebody of this process listens to."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._queues: dict[str, set[_Queue]] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}

    async def admit(self, slug: str, since: Position | None) -> tuple[Position, Position]:
        """Return where to begin and where the stream is now. Call it before the answer begins, `events` after.

        Raises:
            TenantUnknown: there is no such tenant.
            TooManyListeners: nobody else can listen here.
        """
        if sum(map(len, self._queues.values())) >= MAX_LISTENERS:
            raise TooManyListeners(MAX_LISTENERS)
        async with tenant_transaction(self._pool, slug, JOB) as (conn, _):
            now = await queries.get_horizon(conn)
        return since or now, now

    async def events(self, slug: str, begin: Position, now: Position) -> AsyncGenerator[Event | str]:
        """Yield every event after `begin` once and in order; "beat" when there was none for a while.

        Yields "reset" first when too many were missed: what the listener shows is to be read anew.
        """
        queue = self._join(slug, now)
        try:
            async with tenant_transaction(self._pool, slug, JOB) as (conn, _):
                missed = await queries.list_after(conn, **begin._asdict(), limit=_BATCH)
            seen = now if len(missed) == _BATCH else begin
            if seen is not begin:
                yield "reset"
            for event in missed if seen is begin else ():
                yield event
                seen = event.position
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield "beat"
                    continue
                if event is None:
                    return
                if event.position > seen:
                    yield event
                    seen = event.position
        finally:
            self._queues.get(slug, set()).discard(queue)

    def _join(self, slug: str, now: Position) -> _Queue:
        queue: _Queue = asyncio.Queue(_QUEUE)
        self._queues.setdefault(slug, set()).add(queue)
        if slug not in self._readers:
            self._readers[slug] = asyncio.create_task(self._read(slug, now))
        return queue

    async def _read(self, slug: str, position: Position) -> None:
        """Hand out a tenant's events until nobody listens any more."""
        try:
            while self._queues[slug]:
                events = await self._next(slug, position)
                for event in events:
                    position = event.position
                    for queue in list(self._queues[slug]):
                        self._put(slug, queue, event)
                await asyncio.sleep(0 if len(events) == _BATCH else _POLL_S)
        except (PoolClosed, DomainError) as err:
            _log.info("live streams end: %s", type(err).__name__)
        finally:
            del self._readers[slug]
            for queue in self._queues.pop(slug):
                self._end(queue)

    async def _next(self, slug: str, position: Position) -> list[Event]:
        try:
            async with tenant_transaction(self._pool, slug, JOB) as (conn, _):
                return await queries.list_after(conn, **position._asdict(), limit=_BATCH)
        except PoolClosed:
            raise
        except OperationalError as err:
            _log.warning("the database does not answer: %s", type(err).__name__)
            await asyncio.sleep(_AWAY_S)
            return []

    def _put(self, slug: str, queue: _Queue, event: Event) -> None:
        try:
            queue.put_nowait(event)
        except asyncio.QueueFull:
            self._queues[slug].discard(queue)
            self._end(queue)

    @staticmethod
    def _end(queue: _Queue) -> None:
        if queue.full():
            queue.get_nowait()
        queue.put_nowait(None)
