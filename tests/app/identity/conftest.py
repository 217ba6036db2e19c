"""Accounts with a password, and conversations with the service in which time may pass."""

import asyncio
import secrets
from datetime import datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest
from argon2 import PasswordHasher
from boka_app.database import make_pool
from boka_app.main import create_app
from falcon import testing

from app.builders import NOW
from app.conftest import settings

PASSWORD = "Hafen-Regen-17-Kutter"
HASH = PasswordHasher().hash(PASSWORD)


def new_address():
    """Return a network address of this test alone: failures of an address are counted whatever the account."""
    return f"2001:db8:{secrets.randbelow(2**16):x}:{secrets.randbelow(2**16):x}::7"


class Service:
    """The service as one client after the other sees it; `now` is its clock."""

    def __init__(self, client: testing.ASGIConductor) -> None:
        self.client = client
        self.now: datetime = NOW
        self.address = new_address()

    async def send(self, method, path, body=None, headers=None, *, address=None):
        headers = {"X-Real-IP": address or self.address} | (headers or {})
        return await self.client.simulate_request(method, path, json=body, headers=headers)

    async def post(self, path, body=None, headers=None, **kwargs):
        return await self.send("POST", path, body, headers, **kwargs)

    async def log_in(self, account, *, password=PASSWORD, **kwargs):
        origin = {"address": kwargs.pop("address", None)}
        return await self.post("/api/auth/login", {"email": account.email, "password": password} | kwargs, **origin)


@pytest.fixture
def talk(database):
    """Run a conversation with the service; it gets a `Service`."""

    def run(conversation, **changes):
        async def whole():
            pool = make_pool(database.as_role("booking_app"), max_size=16)
            service = Service(None)
            app = create_app(settings(**changes), pool=pool, now=lambda: service.now)
            async with testing.ASGIConductor(app) as client:
                service.client = client
                return await conversation(service)

        return asyncio.run(whole())

    return run


@pytest.fixture
def make_account(admin):
    """Make somebody with a password."""

    def make(*, platform_admin=False, password_hash=HASH):
        account = SimpleNamespace(id=uuid4())
        account.email = f"{account.id.hex}@example.org"
        admin.execute(
            "insert into account (id, email, name, password_hash, platform_admin, password_changed_at)"
            " values (%s, %s, 'Ada', %s, %s, %s)",
            [account.id, account.email, password_hash, platform_admin, NOW],
        )
        return account

    return make


@pytest.fixture
def account(make_account):
    return make_account()


def bearer(tokens):
    return {"Authorization": f"Bearer {tokens.json['access_token']}"}
