"""The service with a Valkey beside it, as two workers that share both."""

import asyncio
import os
from contextlib import AsyncExitStack
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from boka_app.cache import client
from boka_app.database import make_pool
from boka_app.main import create_app
from boka_app.settings import ValkeySettings
from falcon import testing

from app.builders import MONDAY, NOW
from app.conftest import settings

VALKEY = "BOKA_TEST_VALKEY_URL"
AWAY = ValkeySettings(host="127.0.0.1", port=1, user="booking", authority=None, password=None)


def here() -> ValkeySettings:
    if VALKEY not in os.environ:
        pytest.skip(f"{VALKEY} is not set: needs a Valkey")
    url = urlsplit(os.environ[VALKEY])
    authority = parse_qs(url.query).get("ssl_ca_certs", [None])[0]
    return ValkeySettings(
        host=url.hostname or "",
        port=url.port or 6379,
        user=url.username or "",
        authority=authority,
        password=url.password,
    )


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A machine with many tests at once may need longer than a user would wait."""
    monkeypatch.setattr(client, "_ANSWER_S", 3.0)
    monkeypatch.setattr(client, "_CONNECT_S", 3.0)


@pytest.fixture
def workers(database):
    """Run a conversation with two processes' worth of the service; `valkey` says where each finds one."""

    def run(talk, *, valkey=None, clock=None):
        clock = clock or SimpleNamespace(now=NOW)

        async def whole():
            async with AsyncExitStack() as stack:
                clients = []
                for given in valkey or [here(), here()]:
                    pool = make_pool(database.as_role("booking_app"), max_size=8)
                    app = create_app(settings(valkey=given), pool=pool, now=lambda: clock.now)
                    clients.append(await stack.enter_async_context(testing.ASGIConductor(app)))
                return await talk(*clients)

        return asyncio.run(whole())

    return run


async def slots(worker, salon, *, headers=None, **changes):
    params = {"service": str(salon.service_id), "from": str(MONDAY), "to": str(MONDAY + timedelta(days=6))} | changes
    return await worker.simulate_get(f"{salon.address}/slots", params=params, headers=headers)


def first(answer):
    return answer.json["slots"][0]["starts_at"]
