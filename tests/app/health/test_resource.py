"""Ready means: a connection, and every migration of this release applied."""

import asyncio

import pytest
from boka_app.database import make_pool
from boka_app.main import create_app
from falcon import testing

from app.conftest import settings

pytestmark = pytest.mark.postgresql


def ask(database, path="/api/health/ready"):
    async def talk():
        pool = make_pool(database.as_role("booking_app"), max_size=2)
        async with testing.ASGIConductor(create_app(settings(), pool=pool)) as client:
            return await client.simulate_get(path)

    return asyncio.run(talk())


def test_ready_when_the_migrations_are_applied(database):
    answer = ask(database)

    assert (answer.status_code, answer.json["release"], answer.json["ready"]) == (200, "2026.47.1", True)


def test_not_ready_on_an_empty_database(fresh_database):
    answer = ask(fresh_database)

    assert (answer.status_code, answer.json["checks"]["migrations"]) == (503, "unknown")


def test_a_migration_of_a_later_release_does_no_harm(database, admin):
    admin.execute("insert into schema_migration (number, name, checksum) values (9999, 'later', 'x')")
    try:
        answer = ask(database)
    finally:
        admin.execute("delete from schema_migration where number = 9999")

    assert answer.status_code == 200
