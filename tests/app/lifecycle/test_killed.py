"""A gunicorn worker killed after the commit and before the answer: the same key then gets what was done, once."""

import os
import signal
import threading
from uuid import uuid4

import httpx
import pytest

from app.lifecycle.holding_proxy import holding
from app.test_gunicorn import KEY, eventually, running, workers_of

pytestmark = pytest.mark.postgresql

DAYS_AHEAD = 30  # of the real clock, which a real process has


@pytest.fixture
def env(tmp_path, database):
    for name in ("signing_key", "encryption_key"):
        (tmp_path / name).write_text(KEY)
    for name in ("metrics", "postgresql"):
        (tmp_path / name).mkdir()
    return {
        "PATH": os.environ["PATH"],
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "BOKA_DATABASE_HOST": str(tmp_path / "postgresql"),
        "BOKA_DATABASE_NAME": database.kwargs["dbname"],
        "BOKA_DATABASE_USER": database.kwargs["user"],
        "BOKA_DATABASE_SSLMODE": "disable",
        "BOKA_PUBLIC_URL": "https://boka.test",
        "BOKA_WORKERS": "1",
        "BOKA_BIND": f"unix:{tmp_path}/boka.sock",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"),
    }


@pytest.fixture
def killed_before_the_answer(env, database, tmp_path):
    """Send a request, kill the worker once its work is committed, send it again; return both answers."""

    def run(words, request, is_done):
        def send(client):
            try:
                return client.request(**request)
            except httpx.TransportError:
                return None

        first = []
        server_socket = f"{database.kwargs['host']}/.s.PGSQL.5432"
        with (
            holding(tmp_path / "postgresql" / ".s.PGSQL.5432", server_socket, *words) as proxy,
            running(env) as (server, client),
        ):
            asking = threading.Thread(target=lambda: first.append(send(client)))
            asking.start()
            assert proxy.holding.wait(timeout=20)
            eventually(is_done, within_s=10)
            for pid in workers_of(server):
                os.kill(pid, signal.SIGKILL)
            asking.join(timeout=20)
            again = eventually(lambda: send(client), within_s=20)
        return first[0], again

    return run


@pytest.mark.parametrize(
    ("path", "more", "words", "visits"),
    [
        pytest.param("appointments", {}, [b"book_appointment_optimized"], 1, id="one visit"),
        pytest.param("series", {"every_days": 7, "occurrences": 4}, [b"note_series", b"COMMIT"], 4, id="a series"),
    ],
)
def test_the_same_key_gets_the_booking_that_was_made(  # noqa: PLR0913, PLR0917  a row of the table, and what it needs
    killed_before_the_answer, salon, admin, path, more, words, visits
):
    def booked():
        found = admin.execute("select id from appointment where tenant_id = %s order by starts_at", [salon.id])
        return found.fetchall() or None

    start = admin.execute("select (current_date + %s + time '10:00') at time zone 'UTC'", [DAYS_AHEAD]).fetchone()[0]
    request = {
        "method": "POST",
        "url": f"{salon.address}/{path}",
        "json": salon.wish(starts_at=start.isoformat()) | more,
        "headers": {"Idempotency-Key": uuid4().hex},
    }

    first, again = killed_before_the_answer(words, request, booked)

    answered = again.json().get("series", {}).get("appointments") or [again.json()["appointment"]]
    assert (first, again.status_code) == (None, 201)
    assert [(visit["id"],) for visit in answered] == [(str(id_),) for (id_,) in booked()]
    assert len(booked()) == visits
