"""The booking service as an edge meets it, behind port 8000 of an app host."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError

import pytest
from reach import is_dropped

testinfra_hosts = ["ansible://app?sudo=true"]
pytestmark = pytest.mark.journal("booking-api.service")


@pytest.fixture(scope="module")
def site(from_host):
    return f"http://127.0.0.1:{from_host('edge1', 'app1', 8000)}"


@pytest.fixture
def get(site):
    """Ask as an edge does; return the answer's JSON."""

    def get_json(path):
        with urllib.request.urlopen(site + path, timeout=5) as answer:  # noqa: S310 - an http address
            return json.load(answer)

    return get_json


def test_it_is_ready(get):
    assert get("/api/health/ready")["ready"] is True


def test_it_says_which_release_it_is(get, host):
    release = host.check_output("basename $(readlink -f /opt/booking/current)")

    assert get("/api/health")["release"] == release


def test_the_demonstration_tenant_has_free_slots(get):
    service = get("/api/tenants/demo/services")[0]["id"]
    today = datetime.now(UTC).date()

    found = get(f"/api/tenants/demo/slots?service={service}&from={today}&to={today + timedelta(days=7)}")

    assert found["slots"]


def test_a_tenant_that_does_not_exist_is_a_problem_in_json(get):
    with pytest.raises(HTTPError, match="404") as caught:
        get("/api/tenants/nobody/services")

    assert caught.value.headers["Content-Type"] == "application/problem+json"


def test_it_does_not_run_as_root(host):
    process = host.check_output("systemctl show --property=MainPID --value booking-api.service")

    assert host.check_output("stat --format=%%U /proc/%s", process) != "root"


def test_its_secrets_are_not_in_its_environment(host, secret):
    process = host.check_output("systemctl show --property=MainPID --value booking-api.service")

    environment = host.check_output("tr '\\0' '\\n' < /proc/%s/environ", process)

    assert "BOKA_DATABASE_HOST=" in environment
    assert not [name for name in ("database/booking_app", "auth/booking_signing_key") if secret(name) in environment]


def test_systemd_finds_little_that_an_intruder_could_use(host):
    answer = host.run("systemd-analyze security --threshold=20 booking-api.service")

    assert answer.rc == 0, answer.stdout


def test_the_machine_with_ansible_gets_no_answer(address):
    assert is_dropped(address("app1"), 8000)
