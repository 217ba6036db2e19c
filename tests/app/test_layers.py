"""Arrows go one way: what decides imports nothing that does I/O, and nothing here knows the platform."""

import ast
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "app" / "src" / "boka_app"
PURE = [*SOURCES.glob("*/rules.py"), *SOURCES.glob("*/model.py")]
WITH_IO = ("psycopg", "falcon", "boka_app.database", "os", "socket", "asyncio")
CORE = ("tenants", "catalog", "availability", "appointments", "lifecycle", "idempotency", "cache", "outbox", "audit")
AROUND = (
    "calendars",
    "payments",
    "messages",
    "webhooks",
    "identity",
    "pages",
    "staff",
    "analytics",
    "series",
    "waitlist",
)
PLATFORM = ("infra", "ops", "plugins", "tools", "ansible", "pulumi")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reaches(path, targets):
    return [name for name in imported(path) if any(f"{name}.".startswith(f"{target}.") for target in targets)]


@pytest.mark.parametrize("path", PURE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_decides_does_no_io(path):
    assert reaches(path, WITH_IO) == []


@pytest.mark.parametrize("path", [*SOURCES.rglob("queries.py")], ids=lambda path: path.parent.name)
def test_queries_know_no_resource_and_no_service(path):
    assert [name for name in imported(path) if ".resource" in name or ".service." in name] == []


@pytest.mark.parametrize("folder", CORE)
def test_what_books_knows_nothing_of_what_goes_on_around_it(folder):
    assert (SOURCES / folder).is_dir()
    found = {
        path.name: reaches(path, [f"boka_app.{name}" for name in AROUND]) for path in (SOURCES / folder).rglob("*.py")
    }
    assert not any(found.values()), found


def test_the_service_knows_nothing_of_the_platform():
    assert [path for path in SOURCES.rglob("*.py") if reaches(path, PLATFORM)] == []
