"""Carries bytes between a loopback port and an address of the stack, which a browser elsewhere cannot reach."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ops.errors import Refused

CHUNK_BYTES = 64 * 1024


class PortTaken(Refused):
    """The loopback port cannot be had."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"port {port} of 127.0.0.1 cannot be opened ({reason}). Choose another: boka open --port 9443")


def run(port: int, target: tuple[str, int], on_ready: Callable[[], None]) -> None:
    """Forward until the user stops it.

    Raises:
        PortTaken: the port is somebody else's, or below 1024 and the user is not root.
    """
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(port, target, on_ready))


async def _serve(port: int, target: tuple[str, int], on_ready: Callable[[], None]) -> None:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await connect(reader, writer, target)

    try:
        server = await asyncio.start_server(forward, "127.0.0.1", port)
    except OSError as err:
        raise PortTaken(port, err.strerror or str(err)) from err
    on_ready()
    async with server:
        await server.serve_forever()


async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: tuple[str, int]) -> None:
    """Carry one connection both ways until both sides are done; a target that is away ends it."""
    try:
        far_reader, far_writer = await asyncio.open_connection(*target)
    except OSError:
        writer.close()
        return
    await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    writer.close()
