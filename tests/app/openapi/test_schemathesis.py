"""The running service keeps to its document, whatever is sent: generated requests, every check, over real HTTP."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from boka_app.database import make_pool
from boka_app.main import create_app
from boka_app.migrations import runner
from boka_app.settings import RateLimitSettings

from app.builders import NOW
from app.conftest import empty_database, settings

pytestmark = pytest.mark.postgresql
SECONDS = int(os.environ.get("BOKA_TEST_FUZZ_SECONDS", "18"))  # for one run; all of them stay within 90 s
STREAMS = r"/live$"  # an answer that does not end is none to check: tests/app/live has them
LOCKS_OUT = r"/auth/logout$|/account/sessions|/force-logout$|/switches/"  # ends the session, or closes the service
PEOPLE = r"^/api/(auth|account|admin|security|business)|/members"
SELECTION = {
    "owner": ("--exclude-path-regex", f"{STREAMS}|{PEOPLE}"),
    "administrator": ("--include-path-regex", PEOPLE, "--exclude-path-regex", LOCKS_OUT),
    "leaver": ("--include-path-regex", LOCKS_OUT),  # an administrator: until the session ends, and after it
    "nobody": ("--exclude-path-regex", STREAMS),
}
CONFIG = """
# What is valid by its form may still be refused by a fact: nobody of that id, taken, not set up.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "400", "401", "403", "404", "409", "412", "413", "422", "429", "502", "503"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"]

[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "406", "415", "422", "428"]

[parameters]
"path.slug" = "SLUG"

# QUERY is x-query in the document, which OpenAPI 3.1 leaves no other word for.
[[operations]]
include-path = "/api/tenants/{slug}/slots"
checks.unsupported_method.enabled = false
checks.allow_header_conformance.enabled = false

[[operations]]
include-path = "/api/admin/switches/{name}"
parameters = {"path.name" = "maintenance"}
"""


@pytest.fixture(scope="module")
def database():
    """Its own: what is sent here turns switches and counts as guessing of passwords."""
    with empty_database() as database:
        with database.connect("booking_owner") as conn:
            runner.up(conn)
        yield database


@contextmanager
def listening(database) -> Iterator[str]:
    """Serve on a free port of this machine, without limits on how often."""
    limits = RateLimitSettings(requests_per_minute=0, anonymous_writes_per_minute=0)
    server = None
    ready = threading.Event()

    async def whole():
        nonlocal server
        pool = make_pool(database.as_role("booking_app"), max_size=8)
        app = create_app(settings(rate_limits=limits), pool=pool, now=lambda: NOW)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        ready.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(whole()))
    thread.start()
    assert ready.wait(timeout=20)
    assert server is not None
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def run(url: str, folder: Path, slug: str, *options: str) -> subprocess.CompletedProcess[str]:
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG.replace("SLUG", slug))
    command = [
        Path(sys.executable).with_name("st"),
        *("--config-file", config, "--no-color", "run", f"{url}/api/openapi.json"),
        # No `--checks`: all of them are on, and naming them would override what CONFIG switches off.
        *("--phases", "examples,coverage,fuzzing", "--max-time", str(SECONDS), "--seed", "4"),
        *("--request-timeout", "5", "--warnings", "off", "--continue-on-failure"),
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@pytest.fixture
def token(admin, salon, staff):
    """Log somebody in; administrators are the salon's owners too."""

    def log_in(who: str) -> list[str]:
        if who == "nobody":
            return []
        header = staff(salon)
        if who != "owner":
            admin.execute(
                "update account set platform_admin = true where id = (select account_id from membership"
                " where tenant_id = %s)",
                [salon.id],
            )
        return ["-H", f"Authorization: {header['Authorization']}"]

    return log_in


@pytest.mark.parametrize("who", SELECTION)
def test_the_service_keeps_to_its_document(database, salon, token, book, tmp_path, who):
    book()

    with listening(database) as url:
        told = run(url, tmp_path, salon.slug, *token(who), *SELECTION[who])

    _, _, failures = told.stdout.partition("FAILURES")
    assert told.returncode == 0, "\n".join(line[:300] for line in (failures or told.stdout).splitlines())
