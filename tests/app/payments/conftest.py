"""A salon that wants money, and a shop where it is paid."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest
from boka_app.database import make_pool
from boka_app.main import create_app
from boka_app.vault import Vault
from boka_app.worker.model import Work
from falcon import testing

from app.conftest import settings
from app.payments.shop import Clock, Shop
from standins.checkout import Endpoint
from standins.paystack import Paystack
from standins.server import running
from standins.stripe import Stripe

STANDINS = {"stripe": Stripe, "paystack": Paystack}
CURRENCY = {"stripe": "EUR", "paystack": "NGN"}
_ACCOUNT = "insert into payment_account (tenant_id, provider, secret, webhook_secret) values (%s, %s, %s, %s)"
_HOLD = "update appointment set expires_at = %s where id = %s"


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
    return salon


@pytest.fixture
def shop(database, admin, paid_salon, provider):
    """Run a conversation with the service, the provider and the jobs."""

    def run(talk, *, account=True):
        clock = Clock()
        standin = STANDINS[provider](clock=clock.timestamp)
        secret, webhook_secret = f"sk_test_{secrets.token_hex(8)}", f"whsec_{secrets.token_hex(8)}"
        address = f"https://boka.test{paid_salon.address}/payments/webhooks/{provider}"
        standin.endpoints[secret] = Endpoint(address, webhook_secret)

        async def whole(url):
            given = settings(**{f"{provider}_url": url})
            vault = Vault(*given.encryption_keys)
            if account:
                admin.execute(_ACCOUNT, [paid_salon.id, provider, vault.seal(secret), vault.seal(webhook_secret)])
            pool = make_pool(database.as_role("booking_app"), max_size=8)
            app = create_app(given, pool=pool, now=clock)
            async with testing.ASGIConductor(app) as client, httpx.AsyncClient(timeout=10) as http:
                work = Work(settings=given, pool=pool, vault=vault, now=clock, http=http)
                one = Shop(client, work, paid_salon, standin, clock)
                one.hold = lambda id_: admin.execute(_HOLD, [clock.now + timedelta(minutes=5), id_])
                return await talk(one)

        with running(standin) as url:
            return asyncio.run(whole(url))

    return run


@pytest.fixture
def rows(admin, paid_salon):
    """Look at a table of the salon: the columns asked for, in the order in which rows were made."""

    def look(table: str, columns: str, order: str = "created_at") -> list[Any]:
        sql = f"select {columns} from {table} where tenant_id = %s order by {order}"  # noqa: S608  the test's own words
        found = admin.execute(sql, [paid_salon.id]).fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    return look


@pytest.fixture
def fault():
    """Make the provider of a shop do wrong, once unless told."""

    def commit(one, path, kind, **facts):
        from standins.server import Fault  # noqa: PLC0415

        one.standin.faults.append(Fault(**({"path": path, "kind": kind, "times": 1} | facts)))

    return commit
