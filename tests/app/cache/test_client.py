"""The connection to Valkey when the other end does not behave; a server that answers from a list stands in."""

import asyncio
import dataclasses
from contextlib import asynccontextmanager

import pytest
from boka_app.cache import client
from boka_app.cache.client import Away, Valkey

from app.cache.conftest import AWAY

HANG_UP = object()


@pytest.fixture(autouse=True)
def no_rest(monkeypatch):
    monkeypatch.setattr(client, "_REST_S", 0.0)


@asynccontextmanager
async def answering(*answers, password=None):
    """Serve these answers, one a command, whichever connection it comes through."""
    left = list(answers)

    async def serve(reader, writer):
        while await reader.read(1000):  # commands are shorter, and each waits for its answer
            answer = left.pop(0)
            if answer is HANG_UP:
                break
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Valkey(dataclasses.replace(AWAY, port=server.sockets[0].getsockname()[1], password=password))
    finally:
        server.close()


def test_a_refused_password_counts_as_away():
    async def talk():
        async with answering(b"-WRONGPASS no such user\r\n", password="wrong") as valkey:
            with pytest.raises(Away):
                await valkey.ask("PING")

    asyncio.run(talk())


def test_a_connection_that_was_refused_is_ended():
    async def talk():
        ended = asyncio.Event()

        async def refuse(reader, writer):
            await reader.read(1000)
            writer.write(b"-WRONGPASS no such user\r\n")
            if not await reader.read(1000):
                ended.set()
            writer.close()

        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            there = dataclasses.replace(AWAY, port=server.sockets[0].getsockname()[1], password="wrong")
            with pytest.raises(Away):
                await Valkey(there).ask("PING")
            await asyncio.wait_for(ended.wait(), timeout=3)

    asyncio.run(talk())


def test_a_connection_that_ends_costs_the_question_and_the_next_gets_a_new_one():
    async def talk():
        async with answering(b"+one\r\n", HANG_UP, b"+two\r\n") as valkey:
            first = await valkey.ask("PING")
            with pytest.raises(Away):
                await valkey.ask("PING")
            second = await valkey.ask("PING")
            valkey.close()
            return first, second

    assert asyncio.run(talk()) == (b"one", b"two")


def test_an_answer_that_is_a_fault_keeps_the_connection():
    async def talk():
        async with answering(b"-NOSCRIPT no such script\r\n", b":1\r\n") as valkey:
            with pytest.raises(Away, match="NOSCRIPT"):
                await valkey.ask("EVALSHA", "x", 0)
            link, answer = valkey._link, await valkey.ask("INCR", "a")
            same = link is valkey._link
            valkey.close()
            return answer, same

    assert asyncio.run(talk()) == (1, True)
