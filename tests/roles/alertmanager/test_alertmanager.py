"""Alertmanager as an operator meets it: alerts of Prometheus arrive, and can be silenced."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from reach import eventually

testinfra_hosts = ["ansible://ops?sudo=true"]
pytestmark = pytest.mark.journal("prometheus-alertmanager.service")
SOON = timedelta(minutes=5)


@pytest.fixture
def call(address):
    """Call the API from the control machine; with something to say, say it."""

    def call_path(path, said=None):
        request = urllib.request.Request(
            f"http://{address('ops1')}:9093/api/v2/{path}",
            data=json.dumps(said).encode() if said else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - likewise
            return json.loads(answer.read() or b"null")

    return call_path


def names(alerts):
    return {alert["labels"]["alertname"] for alert in alerts}


def test_an_alert_of_prometheus_arrives(call):
    eventually(lambda: "Watchdog" in names(call("alerts")), within_s=80)  # sent again once a minute, at an evaluation


def test_an_alert_is_kept_until_it_ends(call):
    ends = (datetime.now(UTC) + SOON).isoformat()

    call("alerts", [{"labels": {"alertname": "Tried", "host": "ops1"}, "endsAt": ends}])

    eventually(lambda: "Tried" in names(call("alerts?active=true")), within_s=5)


def test_a_silence_hushes_its_alert(call):
    now = datetime.now(UTC)
    matcher = {"name": "alertname", "value": "Tried", "isRegex": False}

    call("silences", {
        "matchers": [matcher], "startsAt": now.isoformat(), "endsAt": (now + SOON).isoformat(),
        "createdBy": "test", "comment": "tried",
    })  # fmt: skip

    eventually(lambda: "Tried" not in names(call("alerts?silenced=false")), within_s=10)
