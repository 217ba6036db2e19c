"""A browser, and the service behind it as it is run: gunicorn, two workers, the real database."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Self
from uuid import uuid4

import httpx
import pytest
from app.conftest import Database, Salon, admin, database, pytest_collection_modifyitems
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Page, sync_playwright

__all__ = ["admin", "database", "pytest_collection_modifyitems"]  # fixtures and the skip without a database

CHROMIUM = Path("/usr/bin/chromium")
TESTS = Path(__file__).parents[1]
PHONE, DESK = {"width": 375, "height": 760}, {"width": 1280, "height": 860}
PASSWORD = "Hafen-Regen-17-Kutter"


class Service:
    """The application under gunicorn on a free port of this machine."""

    def __init__(self, database: Database, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://localhost:{port}"  # browsers treat this name as safe, so cookies for HTTPS only are kept
        self.log = folder / "service.log"
        given = {"BOKA_BROWSER_DATABASE": json.dumps(database.as_role("booking_app")), "BOKA_BROWSER_URL": self.url}
        options = ["-k", "asgi", "--asgi-loop", "uvloop", "--asgi-lifespan", "on", "--no-control-socket", "-w", "2"]
        command = [sys.executable, "-m", "gunicorn", *options, "-b", f"127.0.0.1:{port}", "--graceful-timeout", "2"]
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [*command, "browser.service:app()"],
                cwd=Path(__file__).parents[1],
                env=os.environ | given,
                stderr=output,
            )

    def __enter__(self) -> Self:
        eventually(lambda: answers(self.url), within_s=30, or_tell=self.log)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture(scope="session")
def site(database, tmp_path_factory) -> Iterator[str]:
    """Return the address of the service that these tests share."""
    with Service(database, tmp_path_factory.mktemp("browser")) as service:
        yield service.url


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health/ready", timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def eventually(check, *, within_s: float, or_tell: Path | str) -> None:
    end = time.monotonic() + within_s
    while not check():
        told = or_tell if isinstance(or_tell, str) else or_tell.read_text()[-3000:]
        assert time.monotonic() < end, f"not within {within_s} s: {told}"
        time.sleep(0.1)


@pytest.fixture(scope="package")  # not longer: its event loop would be in the way of tests that run one
def browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), f"{CHROMIUM} is not installed; these tests drive it: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage"],  # tests run as root, where its sandbox cannot
        )
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody with a browser of their own. What the browser complains of ends the test."""

    page: Page
    site: str
    complaints: list[str]

    def go(self, path: str) -> Page:
        self.page.goto(self.site + path)
        return self.page


@pytest.fixture
def visit(browser, site):
    """Open a browser of one's own: on a phone or at a desk, with or without JavaScript."""
    opened = []

    def open_(*, size=PHONE, script=True, zone="UTC", language="en-GB", **more) -> Visitor:
        context = browser.new_context(
            viewport=size, java_script_enabled=script, timezone_id=zone, locale=language, **more
        )
        context.set_default_timeout(8000)
        visitor = Visitor(context.new_page(), site, [])
        visitor.page.on("console", lambda said: said.type == "error" and visitor.complaints.append(said.text))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        opened.append((context, visitor))
        return visitor

    yield open_
    for context, visitor in opened:
        context.close()
        assert [said for said in visitor.complaints if "status of 4" not in said] == []


@pytest.fixture
def salon(admin) -> Salon:
    salon = Salon(admin, people=1)
    admin.execute("update tenant set name = 'Salon Morgenstern' where id = %s", [salon.id])
    return salon


@pytest.fixture
def member(admin, salon):
    """Somebody who works at the salon."""
    person = SimpleNamespace(id=uuid4(), password=PASSWORD)
    person.email = f"{person.id.hex}@example.org"
    admin.execute(
        "insert into account (id, email, name, password_hash) values (%s, %s, 'Ada', %s)",
        [person.id, person.email, PasswordHasher().hash(PASSWORD)],
    )
    admin.execute(
        "insert into membership (tenant_id, account_id, role) values (%s, %s, 'manager')", [salon.id, person.id]
    )
    return person


@pytest.fixture
def day() -> date:
    """The day after tomorrow: bookable whatever the hour of the run."""
    return (datetime.now(UTC) + timedelta(days=2)).date()
