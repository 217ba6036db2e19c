"""The service as its role runs it, on this machine beside the hosts of `python tests/service`, and load on it."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from dataset import Business, connect, make_business
from servers import running

from ops import fleet, stacks

PORT = 18090
URL = f"http://127.0.0.1:{PORT}"
CLIENTS = 4  # of each kind: enough to use every connection of both workers now and then
PAUSE_S = 0.005  # the machine's cores are PostgreSQL's too
GIVE_UP_S = 10  # for an answer; later counts as none
AT_MOST_S = 120


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one request got; status 0 is no answer at all."""

    kind: str
    at: float  # when it came
    took_s: float
    status: int
    body: Any
    retry_after: str | None
    key: str | None
    wish: str | None


@dataclass
class Load:
    """Clients that search and clients that book, each asking again soon after it was answered."""

    business: Business
    answers: list[Answer] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Load the service for the block, at most two minutes."""
        thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(timeout=2 * GIVE_UP_S)

    async def _run(self) -> None:
        searches = cycle(self.business.searches(days=7, weeks=8))
        wishes = iter(self.business.wishes(days=360))
        end = time.monotonic() + AT_MOST_S
        async with httpx.AsyncClient(base_url=URL, timeout=GIVE_UP_S) as client:

            async def go_on(once: Callable[[], Any]) -> None:
                while not self._stop.is_set() and time.monotonic() < end:
                    await once()
                    await asyncio.sleep(PAUSE_S)

            async def search() -> None:
                await self._send(client, "search", "GET", next(searches))

            async def book() -> None:
                wish = next(wishes)
                await self._book(client, wish, uuid4().hex)
                await self._book(client, wish, uuid4().hex)  # taken, unless the first was refused

            await asyncio.gather(*(go_on(once) for once in (search, book) for _ in range(CLIENTS)))

    async def _book(self, client: httpx.AsyncClient, wish: str, key: str) -> Answer:
        path = f"{self.business.path}/appointments"
        return await self._send(client, "booking", "POST", path, key=key, wish=wish)

    async def _send(
        self, client: httpx.AsyncClient, kind: str, method: str, path: str, *, key: str = "", wish: str | None = None
    ) -> Answer:
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"} if key else {}
        began = time.monotonic()
        try:
            got = await client.request(method, path, content=wish, headers=headers)
            status, body, retry_after = got.status_code, got.json(), got.headers.get("Retry-After")
        except httpx.TransportError as err:
            status, body, retry_after = 0, repr(err), None
        now = time.monotonic()
        told = {"status": status, "body": body, "retry_after": retry_after, "key": key, "wish": wish}
        answer = Answer(kind=kind, at=now, took_s=now - began, **told)
        self.answers.append(answer)
        return answer

    def booked(self) -> list[Answer]:
        """Return the bookings that were answered 201."""
        return [answer for answer in self.answers if answer.status == httpx.codes.CREATED]

    def repeat(self, answers: list[Answer]) -> list[Answer]:
        """Send bookings once more, each with its key."""

        async def all_of_them() -> list[Answer]:
            async with httpx.AsyncClient(base_url=URL, timeout=GIVE_UP_S) as client:
                return [await self._book(client, a.wish or "", a.key or "") for a in answers]

        return asyncio.run(all_of_them())


@pytest.fixture
def on_host():
    """Run a command on one of the hosts as root."""
    stack = stacks.named(os.environ["BOKA_TEST_STACK"])

    def run(host: str, command: str) -> None:
        argv = [*fleet.ssh_argv(stack, host, fleet.read(stack)), f"sudo sh -c '{command}'"]
        subprocess.run(argv, check=True, timeout=60)

    return run


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Migrate the hosts' database and serve it with two workers."""
    folder = tmp_path_factory.mktemp("owner")
    password = Path(os.environ["CREDENTIALS_DIRECTORY"], "owner_password").read_text()
    (folder / "database_password").write_text(password)
    owner = {"BOKA_DATABASE_USER": "booking_owner", "CREDENTIALS_DIRECTORY": str(folder)}
    subprocess.run([Path(sys.executable).with_name("boka-app"), "migrate", "up"], env=os.environ | owner, check=True)
    metrics = str(tmp_path_factory.mktemp("metrics"))
    with running("gunicorn", port=PORT, BOKA_LOG_LEVEL="error", PROMETHEUS_MULTIPROC_DIR=metrics):
        yield


@pytest.fixture
def load(server: None) -> Load:  # noqa: ARG001  it serves
    with connect() as conn:
        return Load(make_business(conn, employees=20))


@pytest.fixture
def appointments():
    """Return what the database has of a business: the ids of its appointments, asked as a superuser."""

    def ask(business: Business) -> set[str]:
        query = "select id::text from appointment where tenant_id = %s"
        with psycopg.connect(os.environ["BOKA_TEST_DATABASE_URL"], dbname="booking") as conn:
            return {row[0] for row in conn.execute(query, [business.id])}

    return ask
