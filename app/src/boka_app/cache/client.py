"""One connection to Valkey that all requests of a process share: each sends at once, and answers come in that order.

The valkey package keeps a connection a request and costs 0.3 ms of CPU a command, more than the rest of a warm
answer; this takes a fifth of it.
"""

import asyncio
import ssl
import time
from collections import deque
from typing import Any, cast

import libvalkey

from boka_app.settings import ValkeySettings

_ANSWER_S = 0.1  # for an answer; the database is nearly as fast, so waiting is no gain
_CONNECT_S = 1.0  # for a connection, which is made beside the request that wants one first
_REST_S = 1.0  # after a failure nobody waits again before that


class Away(Exception):
    """Valkey does not answer, or answers with a fault."""


class Valkey:
    """Asks, and gives up soon."""

    def __init__(self, settings: ValkeySettings) -> None:
        self._settings = settings
        self._link: _Link | None = None
        self._opening: asyncio.Task[_Link] | None = None
        self._rests_until = 0.0

    async def ask(self, *command: bytes | str | int) -> Any:  # noqa: ANN401  the reply's own type
        """Send one command and return its answer.

        Raises:
            Away: there is none in time; then nobody asks for a second.
        """
        if time.monotonic() < self._rests_until:
            raise Away
        try:
            async with asyncio.timeout(_ANSWER_S):
                answer = await (self._link or await self._opened()).send(command)
        except (OSError, TimeoutError) as err:
            self._rests_until = time.monotonic() + _REST_S
            self.close()
            raise Away from err
        if isinstance(answer, Exception):
            raise Away(str(answer))
        return answer

    def close(self) -> None:
        """End the connection, if there is one; whoever waits on it finds Valkey away."""
        if self._link is not None:
            self._link.end()
            self._link = None

    async def _opened(self) -> "_Link":
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)  # whoever gives up waiting does not end it

    async def _open(self) -> "_Link":
        given = self._settings
        tls = ssl.create_default_context(cafile=given.authority) if given.authority else None
        loop = asyncio.get_running_loop()
        link = _Link(self)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await loop.create_connection(lambda: link, given.host, given.port, ssl=tls)
                if given.password:
                    await link.log_in(given.user, given.password)
        except BaseException:
            link.end()
            raise
        self._link = link
        return link

    def lost(self, link: "_Link") -> None:
        """Forget a connection that ended."""
        if self._link is link:
            self._link = None


class _Link(asyncio.Protocol):
    def __init__(self, owner: Valkey) -> None:
        self._owner = owner
        self._reader = libvalkey.Reader()
        self._waiting: deque[asyncio.Future[object]] = deque()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None

    def send(self, command: tuple[bytes | str | int, ...]) -> asyncio.Future[object]:
        waiter: asyncio.Future[object] = self._loop.create_future()
        if self._transport is None or self._transport.is_closing():
            waiter.set_exception(ConnectionResetError())
            return waiter
        self._waiting.append(waiter)
        self._transport.write(libvalkey.pack_command(command))
        return waiter

    async def log_in(self, user: str, password: str) -> None:
        answer = await self.send(("AUTH", user, password))
        if isinstance(answer, Exception):
            raise ConnectionRefusedError(str(answer))

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (answer := self._reader.gets()) is not False:
            waiter = self._waiting.popleft()
            if not waiter.done():  # who asked may have given up
                waiter.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.lost(self)
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(exc or ConnectionResetError())
        self._waiting.clear()
