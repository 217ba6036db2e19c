"""The service without a database: routing, refusals, headers, and what it answers while PostgreSQL is away."""

import asyncio
import io
import json
import logging
import time

import pytest
from boka_app import logs
from boka_app.main import create_app
from falcon import testing

from app.conftest import settings

APPOINTMENTS = "/api/tenants/demo/appointments"
HEADERS = {"Idempotency-Key": "0123456789", "Content-Type": "application/json"}


class Client:
    """Sends one request to a service whose database refuses every connection."""

    def request(self, method, path, **kwargs):
        async def talk():
            async with testing.ASGIConductor(create_app(settings())) as conductor:
                return await conductor.simulate_request(method, path, **kwargs)

        return asyncio.run(talk())

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def lines():
    """Log lines as they leave the process."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(logs.JsonFormatter())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(
    ("method", "path", "status", "problem"),
    [
        pytest.param("GET", "/api/nothing", 404, "not-found", id="no such address"),
        pytest.param("GET", f"{APPOINTMENTS}/not-a-uuid", 404, "not-found", id="no uuid"),
        pytest.param("PUT", APPOINTMENTS, 405, "method-not-allowed", id="method"),
        pytest.param("GET", "/api/tenants/No%00pe", 404, "tenant-unknown", id="impossible name"),
        pytest.param("GET", "/api/tenants/demo/slots", 400, "parameter-invalid", id="no parameter"),
        pytest.param("POST", APPOINTMENTS, 400, "idempotency-key-missing", id="no key"),
    ],
)
def test_every_refusal_is_a_problem(client, method, path, status, problem):
    answer = client.request(method, path)

    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{problem}")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("changes", "body", "status", "problem"),
    [
        pytest.param({"Content-Type": "text/plain"}, b"{}", 415, "media-type", id="no JSON"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded"}, b"a=b", 415, "media-type", id="a form"),
        pytest.param({}, b" " * 20_000, 413, "body-too-large", id="20 kB"),
        pytest.param({}, b"{", 400, "body-malformed", id="cut"),
        pytest.param({}, b"\xff\xfe", 400, "body-malformed", id="no UTF-8"),
        pytest.param({}, b'{"service": "x"}', 422, "body-invalid", id="no uuid"),
        pytest.param({"Idempotency-Key": "short"}, b"{}", 400, "idempotency-key-missing", id="short key"),
    ],
)
def test_a_bad_body_is_refused_before_the_database_is_asked(client, changes, body, status, problem):
    answer = client.request("POST", APPOINTMENTS, body=body, headers=HEADERS | changes)

    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{problem}")


def test_a_fault_in_the_body_is_pointed_at(client):
    answer = client.request("POST", APPOINTMENTS, body=b'{"service": 1}', headers=HEADERS)

    assert answer.json["errors"][0]["pointer"] == "/service"


def test_without_a_database_a_request_is_soon_answered_503(client):
    began = time.monotonic()
    answer = client.get("/api/tenants/demo")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert time.monotonic() - began < 6  # 1.5 s on an idle machine; the pool's own time-out would be 30


def test_without_a_database_the_process_lives_and_is_not_ready(client):
    answers = [client.get(path) for path in ("/health", "/api/health", "/api/health/ready")]

    assert [answer.status_code for answer in answers] == [200, 200, 503]
    assert answers[1].json == {
        "release": "2026.47.1",
        "live": True,
        "ready": False,
        "checks": {"ready": False, "pool": "no connection", "migrations": "unknown"},
    }


def test_a_request_keeps_the_id_it_came_with(client):
    answer = client.get("/health", headers={"X-Request-ID": "edge1-4711"})

    assert answer.headers["x-request-id"] == "edge1-4711"


@pytest.mark.parametrize("given", ["", "a b c d e f", "x" * 65, "<script>alert</script>"])
def test_an_id_that_could_do_harm_is_replaced(client, given):
    answer = client.get("/health", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


def test_a_log_line_names_route_and_id_but_no_token(client, lines):
    path = "/b/demo/appointments/6dad5808-96a8-5028-bae1-64f3800d4315/the-secret-token"
    client.get(path, headers={"X-Request-ID": "edge1-4712"})

    (line,) = [line for line in lines() if line["logger"] == "boka_app.request"]
    assert line["route"] == "/b/{slug}/appointments/{appointment_id:uuid}/{token}"
    assert (line["request_id"], line["status"]) == ("edge1-4712", 503)
    assert "the-secret-token" not in json.dumps(lines())


def test_no_page_may_run_or_embed_anything(client):
    policy = client.get("/problems/slot-taken").headers["content-security-policy"]

    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'")


def test_a_person_gets_a_page_for_a_refusal(client):
    answer = client.get("/nothing", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert answer.status_code == 404
    assert "<h1>Nothing here</h1>" in answer.text


def test_metrics_count_by_route_template(client):
    client.get("/problems/slot-taken")

    text = client.get("/api/metrics").text
    assert 'http_requests_total{method="GET",route="/problems/{name}",status="200"}' in text
    assert 'booking_transactions_total{outcome="booked"}' in text


def test_a_style_sheet_is_kept_for_good(client):
    answer = client.get("/assets/boka.css")

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
