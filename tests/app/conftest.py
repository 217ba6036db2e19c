"""A throwaway database for the tests marked `postgresql`, and the service on top of it."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import boka_app.database
import hypothesis
import psycopg
import pytest
from boka_app.database import make_pool
from boka_app.identity.tokens import AccessTokens
from boka_app.main import create_app
from boka_app.migrations import runner
from boka_app.settings import DatabaseSettings, Settings
from falcon import testing
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from app.builders import EVERY_DAY, NOW, at

URL = "BOKA_TEST_DATABASE_URL"
ROLES = ("booking_owner", "booking_app")
hypothesis.settings.register_profile("boka", deadline=None)  # a busy machine is slow; how fast it is, benches measure
hypothesis.settings.load_profile("boka")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if URL not in os.environ:
        waits = pytest.mark.skip(reason=f"{URL} is not set: needs a superuser's URL of a PostgreSQL")
        for item in items:
            if item.get_closest_marker("postgresql"):
                item.add_marker(waits)


class Database:
    """One throwaway database. Connections log in as the superuser and take on one of the two roles."""

    def __init__(self, name: str) -> None:
        self.kwargs: dict[str, Any] = conninfo_to_dict(os.environ[URL]) | {"dbname": name}

    def as_role(self, role: str) -> dict[str, Any]:
        return self.kwargs | {"options": f"-c role={role} -c statement_timeout=5s -c lock_timeout=2s"}

    def point_commands_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let `boka-app` find this database in its environment."""
        for name, key in (("HOST", "host"), ("NAME", "dbname"), ("USER", "user")):
            monkeypatch.setenv(f"BOKA_DATABASE_{name}", str(self.kwargs[key]))
        monkeypatch.setenv("BOKA_DATABASE_SSLMODE", "disable")

    def connect(self, role: str | None = None) -> psycopg.Connection[Any]:
        return psycopg.connect(**(self.as_role(role) if role else self.kwargs), autocommit=True)


class Salon:
    """A tenant with one service of 30 minutes and people who work every day, 09:00 to 12:00 UTC."""

    def __init__(self, admin: psycopg.Connection[Any], people: int, time_zone: str = "UTC") -> None:
        self.id, self.service_id, self.slug = uuid4(), uuid4(), f"salon-{secrets.token_hex(4)}"
        self.employee_ids: list[UUID] = [uuid4() for _ in range(people)]
        admin.execute(
            "insert into tenant (id, slug, name, time_zone) values (%s, %s, 'Salon', %s)",
            [self.id, self.slug, time_zone],
        )
        admin.execute(
            "insert into service (tenant_id, id, name, duration_minutes, step_minutes) values (%s, %s, 'Cut', 30, 30)",
            [self.id, self.service_id],
        )
        for number, employee_id in enumerate(self.employee_ids):
            admin.execute("insert into employee values (%s, %s, %s)", [self.id, employee_id, f"Employee {number}"])
            admin.execute("insert into employee_service values (%s, %s, %s)", [self.id, employee_id, self.service_id])
            for weekday in EVERY_DAY:
                admin.execute(
                    "insert into availability_rule values (%s, %s, %s, %s, 540, 720)",
                    [self.id, uuid4(), employee_id, weekday],
                )

    @property
    def address(self) -> str:
        return f"/api/tenants/{self.slug}"

    def wish(self, **changes: Any) -> dict[str, Any]:
        customer = {"name": "Zoë Zimmer", "email": "zoe@example.org"}
        return {"service": str(self.service_id), "starts_at": at(10).isoformat(), "customer": customer} | changes


Talk = Callable[[testing.ASGIConductor], Awaitable[Any]]


def settings(**changes: Any) -> Settings:
    database = DatabaseSettings(
        host="127.0.0.1",
        port=1,
        name="booking",
        user="booking_app",
        sslmode="disable",
        sslrootcert=None,
        password=None,
        pool_max=2,
    )
    defaults = {
        "database": database,
        "release": "2026.47.1",
        "public_url": "https://boka.test",
        "signing_keys": (b"k" * 32,),
        "encryption_keys": (b"e" * 32,),
        "valkey": None,
    }
    return Settings(**(defaults | changes))


@contextmanager
def empty_database() -> Iterator[Database]:
    """Make a database as the platform does: owner, roles and extension, no tables. Drop it afterwards."""
    name = f"boka_test_{secrets.token_hex(4)}"
    with psycopg.connect(os.environ[URL], autocommit=True) as admin:
        for role in ROLES:
            if admin.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone() is None:
                admin.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
        admin.execute(sql.SQL("create database {} owner booking_owner").format(sql.Identifier(name)))
        try:
            database = Database(name)
            with database.connect() as conn:
                conn.execute("create extension btree_gist")
            yield database
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def fresh_database() -> Iterator[Database]:
    with empty_database() as database:
        yield database


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """The migrated database that tests share; each makes tenants of its own."""
    with empty_database() as database:
        with database.connect("booking_owner") as conn:
            runner.up(conn)
        yield database


@pytest.fixture
def admin(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A superuser, whom row-level security does not bind; for arranging and for looking."""
    with database.connect() as conn:
        yield conn


@pytest.fixture
def salon(admin: psycopg.Connection[Any]) -> Salon:
    return Salon(admin, people=1)


@pytest.fixture
def make_salon(admin: psycopg.Connection[Any]) -> Callable[..., Salon]:
    return lambda people=1, time_zone="UTC": Salon(admin, people, time_zone)


@pytest.fixture
def staff(admin: psycopg.Connection[Any]) -> Callable[..., dict[str, str]]:
    """Log somebody in and return the header that says so: a member of the salon, or an administrator, or nobody."""

    def log_in(salon: Salon | None = None, role: str = "owner", *, mfa: bool = True, now: Any = NOW) -> dict[str, str]:
        account_id, session_id = uuid4(), uuid4()
        admin.execute(
            "insert into account (id, email, name, platform_admin) values (%s, %s, 'Somebody', %s)",
            [account_id, f"{account_id}@example.org", role == "platform_admin"],
        )
        if salon:
            admin.execute("insert into membership values (%s, %s, %s)", [salon.id, account_id, role])
        admin.execute(
            "insert into account_session (id, account_id, secret_hash, mfa, expires_at) values (%s, %s, %s, %s, %s)",
            [session_id, account_id, session_id.bytes, mfa, now + timedelta(days=1)],
        )
        token = AccessTokens(settings().signing_keys, settings().public_url).issue(account_id, session_id, now)
        return {"Authorization": f"Bearer {token}"}

    return log_in


def be_patient(put: Callable[..., None] = setattr) -> None:
    """Let a database be slow: a machine with many tests at once may need longer than users would wait."""
    for limit in ("_WAIT_S", "_CHECK_S", "_USE_S"):
        put(boka_app.database, limit, 20.0)


@pytest.fixture
def serve(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run the service while a conversation with it lasts, at a fixed time."""
    be_patient(monkeypatch.setattr)

    def run(talk: Talk, now: Any = NOW) -> Any:
        async def whole() -> Any:
            pool = make_pool(database.as_role("booking_app"), max_size=16)
            async with testing.ASGIConductor(create_app(settings(), pool=pool, now=lambda: now)) as client:
                return await talk(client)

        return asyncio.run(whole())

    return run


@pytest.fixture
def book(serve: Callable[..., Any], salon: Salon) -> Callable[..., Any]:
    """Book at the salon once and return the answer."""

    def run(*, key: str | None = None, now: Any = NOW, **changes: Any) -> testing.Result:
        return serve(lambda client: post(client, salon, key=key, **changes), now)

    return run


@pytest.fixture
def ask(serve: Callable[..., Any], salon: Salon, staff: Callable[..., dict[str, str]]) -> Callable[..., Any]:
    """Send one request of staff below the salon's address, and whatever If-Match and Idempotency-Key it takes."""

    def run(method: str, path: str, json: Any = None, *, role: str = "owner", query: Any = None, **headers: str) -> Any:
        sent = staff(salon, role) | {"Idempotency-Key": headers.pop("key", uuid4().hex)}
        if "match" in headers:
            sent["If-Match"] = headers["match"]
        url = f"{salon.address}/{path}".rstrip("/")
        return serve(lambda client: client.simulate_request(method, url, json=json, headers=sent, params=query))

    return run


async def post(
    client: testing.ASGIConductor, salon: Salon, *, key: str | None = None, **changes: Any
) -> testing.Result:
    """Send one booking."""
    headers = {"Idempotency-Key": key or uuid4().hex}
    return await client.simulate_post(f"{salon.address}/appointments", json=salon.wish(**changes), headers=headers)
