"""Prometheus as an operator meets it: what is scraped, what is watched for, and that nobody can delete it."""

import json
import urllib.request
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
from reach import eventually

testinfra_hosts = ["ansible://ops?sudo=true"]
pytestmark = pytest.mark.journal("prometheus.service")


@pytest.fixture
def ask(address):
    """Ask the API from the control machine; return its data."""

    def ask_for(path):
        with urllib.request.urlopen(f"http://{address('ops1')}:9090/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)["data"]

    return ask_for


def up(ask, job):
    return {one["metric"]["host"] for one in ask(f"query?query={quote(f'up{{job={job!r}}} == 1')}")["result"]}


def test_every_host_is_scraped(ask, stack):
    eventually(lambda: up(ask, "node") == set(stack.hosts), within_s=40)  # the interval is 15 s


def test_every_app_host_tells_about_its_requests(ask):
    eventually(lambda: up(ask, "booking") == {"app1"}, within_s=40)


def test_it_watches_for_what_has_hurt_others(ask):
    rules = {rule["name"]: rule["health"] for group in ask("rules")["groups"] for rule in group["rules"]}

    assert {"Watchdog", "TargetDown", "HostFilesystemFull", "BookingErrors"} <= set(rules)
    assert "err" not in rules.values()


def test_nobody_can_delete_series_over_the_network(address):
    delete = urllib.request.Request(
        f"http://{address('ops1')}:9090/api/v1/admin/tsdb/delete_series?match[]=up", method="POST"
    )

    with pytest.raises(HTTPError):
        urllib.request.urlopen(delete, timeout=5)  # noqa: S310 - likewise
