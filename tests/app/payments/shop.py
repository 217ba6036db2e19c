"""One conversation of a test: the service, a provider that stands in, a customer who pays, the worker's jobs."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from boka_app.lifecycle import service as lifecycle
from boka_app.worker import registry
from boka_app.worker.model import Event, Work
from boka_app.worker.tenants import job_transaction
from falcon import testing
from psycopg.types.json import Jsonb

from app.builders import NOW
from app.conftest import post

MINE = "boka_app.payments.jobs"


class Clock:
    """The time, as a test sets it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def timestamp(self) -> float:
        return self.now.timestamp()

    def pass_(self, **span: int) -> None:
        self.now += timedelta(**span)


class Shop:
    """The service and the provider of a tenant."""

    def __init__(self, client: testing.ASGIConductor, work: Work, salon: Any, standin: Any, clock: Clock) -> None:
        self.client, self.work, self.salon, self.standin, self.clock = client, work, salon, standin, clock
        self.mail: list[Any] = []  # webhooks that the provider sent and nobody took yet
        self.hold: Callable[[str], None]  # keeps an appointment for five more minutes
        standin.send = self.mail.append

    async def book(self, **changes: Any) -> "Visit":
        answer = await post(self.client, self.salon, **changes)
        assert answer.status_code == 201, answer.text
        return Visit(self, answer.json["appointment"]["id"], answer.json["token"])

    async def deliver(self, *, times: int = 1) -> list[int]:
        """Hand over what the provider sent, all at once; return the answers."""
        waiting = self.mail * times
        self.mail.clear()
        answers = await asyncio.gather(*(self.take(each.url, each.headers, each.body) for each in waiting))
        return [answer.status_code for answer in answers]

    async def take(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        return await self.client.simulate_post(urlsplit(url).path, headers=headers, body=body)

    async def settle(self) -> None:
        """Deliver and carry out until nothing waits, on either side."""
        while self.mail or await self._events() or await self._deferred():
            await self.deliver()

    async def run_jobs(self) -> None:
        """Do what the relay and the worker do, until nothing waits."""
        while await self._events() or await self._deferred():
            pass

    async def expire(self) -> None:
        async with job_transaction(self.work.pool, self.salon.id) as conn:
            await lifecycle.expire_due(conn, self.clock.now)

    async def _events(self) -> bool:
        async with job_transaction(self.work.pool, self.salon.id) as conn:
            taken = await conn.execute(
                "delete from outbox_pending where tenant_id = current_tenant() returning outbox_id"
            )
            ids = [row[0] for row in await taken.fetchall()]
            rows = await conn.execute(
                "select id, tenant_id, kind, subject_id, payload, at from outbox where id = any(%s) order by id", [ids]
            )
            events = [Event(**dict(zip(Event.__struct_fields__, row, strict=True))) for row in await rows.fetchall()]
        for event in events:
            for pattern, job in registry.ON_EVENT:
                if pattern == event.kind and job.__module__ == MINE:
                    await job(self.work, event)
        return bool(ids)

    async def _deferred(self) -> bool:
        jobs = {job.__name__: job for job in registry.DEFERRED if job.__module__ == MINE}
        async with self.work.pool.connection() as conn:
            taken = await conn.execute(
                "update procrastinate_jobs set status = 'succeeded' where status = 'todo' and args @> %s"
                " and task_name = any(%s) returning task_name, args",
                [Jsonb({"tenant_id": str(self.salon.id)}), list(jobs)],
            )
            rows = await taken.fetchall()
        for name, args in rows:
            await jobs[name](self.work, self.salon.id, UUID(args["subject_id"]))
        return bool(rows)


class Visit:
    """One appointment, and its customer."""

    def __init__(self, shop: Shop, appointment_id: str, token: str) -> None:
        self.shop, self.id, self.token = shop, appointment_id, token
        self.address = f"{shop.salon.address}/appointments/{appointment_id}"
        self.page = f"/b/{shop.salon.slug}/appointments/{appointment_id}/{token}/pay"
        self.headers = {"Authorization": f"Bearer {token}"}

    async def checkout(self) -> Any:
        return await self.shop.client.simulate_post(f"{self.address}/payment", headers=self.headers)

    async def pay(self, url: str | None = None) -> str:
        """Press the button of a checkout, of a new one unless it is given; return where the provider leads to."""
        if url is None:
            opened = await self.checkout()
            assert opened.status_code == 200, opened.text
            url = opened.json["url"]
        async with httpx.AsyncClient() as browser:
            answer = await browser.post(url)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def status(self) -> str:
        return (await self.shop.client.simulate_get(self.address, headers=self.headers)).json["status"]

    async def cancel(self) -> None:
        async with job_transaction(self.shop.work.pool, self.shop.salon.id) as conn:
            await lifecycle.cancel(conn, UUID(self.id), by="customer", reason="", now=self.shop.clock.now)
