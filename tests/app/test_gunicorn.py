"""The server as it is run: what stops it at once, and what it survives."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

GUNICORN = [str(Path(sys.executable).with_name("gunicorn")), "-c", "python:boka_app.gunicorn", "boka_app.main:app()"]
KEY = "q7Jx2mVt9Lr4Zb8Nc5Hd1Kf6Gs3Wp0Ya"


def inherited():
    """Return what a process needs of this one: where programs are, and by what its coverage is measured, if it is."""
    return {name: os.environ[name] for name in ("PATH", "COVERAGE_PROCESS_CONFIG") if name in os.environ}


def eventually(found, *, within_s):
    """Return what `found` finds, asking until it finds something."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if (seen := found()) is not None:
            return seen
        time.sleep(0.05)
    pytest.fail(f"not seen within {within_s} s")


@pytest.fixture
def env(tmp_path):
    (tmp_path / "signing_key").write_text(KEY)
    (tmp_path / "encryption_key").write_text(KEY)
    (tmp_path / "metrics").mkdir()
    return inherited() | {
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "BOKA_DATABASE_HOST": str(tmp_path),
        "BOKA_DATABASE_SSLMODE": "disable",
        "BOKA_PUBLIC_URL": "https://boka.test",
        "BOKA_BIND": f"unix:{tmp_path}/boka.sock",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"),
    }


@contextmanager
def running(env):
    server = subprocess.Popen(GUNICORN, env=env, stderr=subprocess.PIPE, text=True)
    transport = httpx.HTTPTransport(uds=env["BOKA_BIND"].removeprefix("unix:"))
    with httpx.Client(
        transport=transport, base_url="http://boka", timeout=5, headers={"Connection": "close"}
    ) as client:
        try:
            eventually(lambda: answer_of(client), within_s=15)
            yield server, client
        finally:
            server.terminate()
            server.wait(timeout=15)


def answer_of(client):
    try:
        return client.get("/health")
    except httpx.TransportError:
        return None


def workers_of(server):
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"BOKA_PUBLIC_URL": ""}, "BOKA_PUBLIC_URL is not set", id="missing"),
        pytest.param({"BOKA_WORKERS": "many"}, "BOKA_WORKERS is 'many'", id="wrong"),
        pytest.param({"CREDENTIALS_DIRECTORY": "/nowhere"}, "/nowhere/signing_key does not exist", id="no secret"),
    ],
)
def test_a_wrong_setting_ends_the_server_with_one_sentence(env, change, told):
    run = subprocess.run(GUNICORN, env=env | change, capture_output=True, text=True, timeout=15, check=False)

    assert (run.returncode, run.stderr.startswith("boka-app: "), told in run.stderr) == (1, True, True)
    assert run.stderr.count("\n") == 1


def test_a_killed_worker_is_replaced_while_the_other_answers(env):
    with running(env) as (server, client):
        before = workers_of(server)
        os.kill(before[0], signal.SIGKILL)

        answers = [eventually(lambda: answer_of(client), within_s=2).status_code for _ in range(20)]
        eventually(lambda: len(set(workers_of(server)) - set(before)) or None, within_s=10)

    assert set(answers) == {200}


def test_metrics_are_summed_over_the_workers(env):
    with running(env) as (_server, client):
        for _ in range(10):
            client.get("/problems/slot-taken")
        text = client.get("/api/metrics").text

    assert 'http_requests_total{method="GET",route="/problems/{name}",status="200"} 10.0' in text


def test_asked_to_stop_it_stops_within_its_grace(env):
    with running(env) as (server, _client):
        server.terminate()

        assert server.wait(timeout=8) == 0
