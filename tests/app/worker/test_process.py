"""`boka-app worker` as a process: ready, stopped in time, and what is left when it is killed."""

import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from boka_app.vault import Vault

from app.test_gunicorn import KEY, eventually, inherited
from standins.server import Fault
from standins.server import running as serving
from standins.webhook import Webhook

pytestmark = pytest.mark.postgresql
COMMAND = [str(Path(sys.executable).with_name("boka-app")), "worker"]


def free_port():
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        return end.getsockname()[1]


@pytest.fixture
def env(tmp_path, database, admin):
    admin.execute("truncate outbox_pending, procrastinate_jobs cascade")  # what other tests left would come first
    (tmp_path / "signing_key").write_text(KEY)
    (tmp_path / "encryption_key").write_text(KEY)
    return inherited() | {
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "BOKA_DATABASE_HOST": database.kwargs["host"],
        "BOKA_DATABASE_NAME": database.kwargs["dbname"],
        "BOKA_DATABASE_USER": database.kwargs["user"],
        "BOKA_DATABASE_SSLMODE": "disable",
        "BOKA_PUBLIC_URL": "https://boka.test",
        "BOKA_WORKER_METRICS": f"127.0.0.1:{free_port()}",
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
    }


@contextmanager
def running(env):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        Path(env["NOTIFY_SOCKET"]).unlink(missing_ok=True)
        end.bind(env["NOTIFY_SOCKET"])
        end.settimeout(10)
        worker = subprocess.Popen(COMMAND, env=env, stderr=subprocess.PIPE, text=True)
        try:
            while end.recv(100) != b"READY=1":
                pass
            yield worker
        finally:
            worker.kill()
            worker.communicate()


def figures(env):
    try:
        return httpx.get(f"http://{env['BOKA_WORKER_METRICS']}/metrics").text
    except httpx.TransportError:
        return None


def pending(admin):
    return admin.execute("select count(*) from outbox_pending").fetchone()[0]


def test_it_relays_shows_its_figures_and_stops_when_told(env, admin, salon):
    with running(env) as worker:
        admin.execute("insert into outbox (tenant_id, kind, subject_id) values (%s, 'x.y', %s)", [salon.id, uuid4()])
        eventually(lambda: pending(admin) == 0 or None, within_s=5)
        text = eventually(lambda: figures(env), within_s=5)
        worker.send_signal(signal.SIGTERM)

        assert worker.wait(timeout=10) == 0
    assert 'jobs_total{job="clean_up",outcome="succeeded"}' in text
    assert "outbox_pending_events" in text


def test_killed_it_leaves_a_queue_that_the_next_one_takes(env, admin, salon):
    with running(env) as worker:
        worker.kill()
        worker.wait()
    admin.execute("insert into outbox (tenant_id, kind, subject_id) values (%s, 'x.y', %s)", [salon.id, uuid4()])

    with running(env):
        eventually(lambda: pending(admin) == 0 or None, within_s=5)


def test_postgresql_away_does_not_end_it(env):
    with running(env | {"BOKA_DATABASE_HOST": "/nowhere"}) as worker:
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(timeout=3)
        worker.send_signal(signal.SIGTERM)

        assert worker.wait(timeout=10) == 0


def test_a_wrong_setting_is_told(env):
    run = subprocess.run(
        COMMAND, env=env | {"BOKA_WORKER_METRICS": "x"}, capture_output=True, text=True, timeout=15, check=False
    )

    assert (run.returncode, "BOKA_WORKER_METRICS is 'x'" in run.stderr) == (5, True)


def test_killed_in_the_middle_of_a_delivery_it_leaves_it_to_the_next_one(env, admin, salon):
    env |= {"BOKA_WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8"}
    receiver = Webhook()
    receiver.faults.append(Fault(delay_s=5, times=1))
    endpoint = uuid4()
    with serving(receiver) as url:
        admin.execute(
            "insert into webhook_endpoint (tenant_id, id, url, secret) values (%s, %s, %s, %s)",
            [salon.id, endpoint, f"{url}/in", Vault(KEY.encode()).seal("whsec_" + "A" * 44)],
        )
        admin.execute("insert into outbox (tenant_id, kind, subject_id) values (%s, 'x.y', %s)", [salon.id, uuid4()])
        with running(env) as worker:
            eventually(lambda: receiver.recorded or None, within_s=10)
            worker.kill()
            worker.wait()
        admin.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 minute'")

        with running(env):
            eventually(lambda: status_of(admin, endpoint) == "delivered" or None, within_s=40)

    assert len({request.headers["webhook-id"] for request in receiver.recorded}) == 1


def status_of(admin, endpoint):
    return admin.execute("select status from webhook_delivery where endpoint_id = %s", [endpoint]).fetchone()[0]
