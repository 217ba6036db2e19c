"""A salon that wants money, a provider that stands in, and the worker's jobs run until none waits."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from boka_app.database import make_pool
from boka_app.main import create_app
from boka_app.parts import Parts
from boka_app.vault import Vault
from boka_app.worker import registry
from boka_app.worker.model import Event, Work
from falcon import testing
from psycopg.types.json import Jsonb
from standins.paystack import Paystack
from standins.server import running
from standins.stripe import Stripe

from app.builders import NOW
from app.conftest import post, settings

STANDINS = {"stripe": Stripe, "paystack": Paystack}
CURRENCY = {"stripe": "EUR", "paystack": "NGN"}


class Shop:
    """One conversation: the service, a provider, and a customer who pays."""

    def __init__(self, client: testing.ASGIConductor, work: Work, salon: Any, standin: Any, secret: str) -> None:
        self.client, self.work, self.salon, self.standin, self.secret = client, work, salon, standin, secret
        self.mail: list[Any] = []  # webhooks that the provider sent and nobody took yet

    async def book(self, **changes: Any) -> "Visit":
        answer = await post(self.client, self.salon, **changes)
        assert answer.status_code == 201, answer.text
        self.hold(answer.json["appointment"]["id"])
        return Visit(self, answer.json["appointment"]["id"], answer.json["token"])

    async def deliver(self, *, times: int = 1) -> list[int]:
        """Hand over what the provider sent; return the answers."""
        waiting, self.mail = self.mail * times, []
        answers = await asyncio.gather(*(self.take(each.url, each.headers, each.body) for each in waiting))
        return [answer.status_code for answer in answers]

    async def take(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        return await self.client.simulate_post(urlsplit(url).path, headers=headers, body=body)

    async def run_jobs(self) -> None:
        """Do what the relay and the worker do, until nothing waits."""
        while await self._events() or await self._deferred():
            pass

    async def _events(self) -> bool:
        async with self.work.pool.connection() as conn, conn.transaction():
            await conn.execute("select set_config('app.tenant_id', %s, true)", [str(self.salon.id)])
            taken = await conn.execute(
                "delete from outbox_pending where tenant_id = %s returning outbox_id", [self.salon.id]
            )
            ids = sorted(row[0] for row in await taken.fetchall())
            rows = await conn.execute(
                "select id, tenant_id, kind, subject_id, payload, at from outbox where id = any(%s) order by id", [ids]
            )
            events = [Event(**dict(zip(Event.__struct_fields__, row, strict=True))) for row in await rows.fetchall()]
        for event in events:
            for pattern, job in registry.ON_EVENT:
                if pattern == event.kind and job.__module__ == "boka_app.payments.jobs":
                    await job(self.work, event)
        return bool(ids)

    async def _deferred(self) -> bool:
        jobs = {job.__name__: job for job in registry.DEFERRED if job.__module__ == "boka_app.payments.jobs"}
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
        """Open the checkout unless it is given, and press the button; return where the provider leads back to."""
        async with httpx.AsyncClient() as browser:
            answer = await browser.post(url or (await self.checkout()).json["url"])
        assert answer.status_code == 303
        return answer.headers["location"]

    async def status(self) -> str:
        return (await self.shop.client.simulate_get(self.address, headers=self.headers)).json["status"]

    async def cancel(self) -> None:
        answer = await self.shop.client.simulate_delete(self.address, headers=self.headers)
        assert answer.status_code == 200, answer.text


@pytest.fixture(params=["stripe", "paystack"])
def provider(request):
    return request.param


@pytest.fixture
def paid_salon(salon, admin, provider):
    """A salon whose service costs 50.00, all of it before."""
    admin.execute(
        "update service set price_minor = 5000, payment = 'full', currency = %s where tenant_id = %s",
        [CURRENCY[provider], salon.id],
    )
    admin.execute("update tenant set currency = %s where id = %s", [CURRENCY[provider], salon.id])
    return salon


@pytest.fixture
def shop(database, admin, paid_salon, provider):
    """Run a conversation with the service, the provider and the jobs."""

    def run(talk, *, now=NOW, account=True, keep=None):
        standin = keep or STANDINS[provider](clock=NOW.timestamp)
        secret, webhook_secret = f"sk_test_{secrets.token_hex(8)}", f"whsec_{secrets.token_hex(8)}"
        path = f"{paid_salon.address}/payments/webhooks/{provider}"

        async def whole(url):
            from standins.checkout import Endpoint

            given = settings(**{f"{provider}_url": url})
            vault = Vault(*given.encryption_keys)
            standin.endpoints[secret] = Endpoint(f"https://boka.test{path}", webhook_secret)
            if account:
                admin.execute(
                    "insert into payment_account (tenant_id, provider, secret, webhook_secret)"
                    " values (%s, %s, %s, %s) on conflict (tenant_id, provider) do update"
                    " set secret = excluded.secret, webhook_secret = excluded.webhook_secret",
                    [paid_salon.id, provider, vault.seal(secret), vault.seal(webhook_secret)],
                )
            pool = make_pool(database.as_role("booking_app"), max_size=8)
            clock = Clock(now)
            parts = Parts(settings=given, pool=pool, vault=vault, now=clock)
            async with testing.ASGIConductor(create_app(given, pool=pool, now=clock)) as client:
                async with httpx.AsyncClient(timeout=10) as http:
                    work = Work(settings=given, pool=pool, vault=vault, now=clock, http=http)
                    one = Shop(client, work, paid_salon, standin, secret)
                    one.clock, one.parts = clock, parts
                    one.hold = lambda appointment_id: admin.execute(
                        "update appointment a set status = 'pending', price_minor = s.price_minor,"
                        " currency = s.currency, expires_at = %s from service s"
                        " where s.tenant_id = a.tenant_id and s.id = a.service_id and a.id = %s and s.payment <> 'none'",
                        [now + timedelta(minutes=5), appointment_id],
                    )
                    standin.send = one.mail_in
                    return await talk(one)

        with running(standin) as url:
            return asyncio.run(whole(url))

    return run


class Clock:
    """The time, as a test sets it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now.astimezone(UTC)


def _mail_in(self: Shop, delivery: Any) -> None:
    self.mail.append(delivery)


Shop.mail_in = _mail_in


@pytest.fixture
def rows(admin, paid_salon):
    """Look at a table of the salon: the columns asked for, in the order in which rows were made."""

    def look(table: str, columns: str, order: str = "created_at") -> list[Any]:
        sql = f"select {columns} from {table} where tenant_id = %s order by {order}"  # noqa: S608  the test's own words
        found = admin.execute(sql, [paid_salon.id]).fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    return look
