import asyncio
import socket

import pytest

from ops import forward
from ops.forward import PortTaken


async def upper(reader, writer):
    writer.write((await reader.read(100)).upper())
    writer.close()


async def ask_through_a_forward(text):
    far = await asyncio.start_server(upper, "127.0.0.1", 0)
    target = far.sockets[0].getsockname()
    near = await asyncio.start_server(lambda reader, writer: forward.connect(reader, writer, target), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*near.sockets[0].getsockname())
    writer.write(text)
    answer = await reader.read()
    writer.close()
    return answer


def test_bytes_go_both_ways():
    assert asyncio.run(ask_through_a_forward(b"hello")) == b"HELLO"


def test_a_taken_port_is_refused_with_another_to_choose():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(PortTaken, match=r"Choose another: boka open --port 9443"):
            forward.run(port, ("127.0.0.1", 1), lambda: None)
