"""PostgreSQL and Valkey go away under load: refusals that say when to come again, nothing lost, quick recovery."""

import time
from collections import Counter

import pytest

pytestmark = pytest.mark.hosts
LONGEST_S = 4  # an answer; a transaction is cut after 3 s
RECOVERED_WITHIN_S = 5
UNIT = "postgresql@17-main"
START = f"systemctl start {UNIT}; until pg_isready -q; do sleep 0.02; done"
WAYS = {
    "restart": f"systemctl restart {UNIT}; until pg_isready -q; do sleep 0.02; done",
    "away for ten seconds": f"systemctl stop {UNIT}; sleep 10; {START}",
    "killed": f"systemctl kill --signal=KILL {UNIT}; systemctl stop {UNIT}; {START}",
}


def unwelcome(answers):
    """Return what no client may see: no answer, a defect, a refusal that does not say when to come again, a hang."""
    return [
        (answer.kind, answer.status, round(answer.took_s, 1), answer.body)
        for answer in answers
        if answer.took_s > LONGEST_S
        or answer.status not in {200, 201, 409, 503}
        or (answer.status == 503 and answer.retry_after is None)
    ]


@pytest.mark.parametrize("way", WAYS)
def test_postgresql_away_under_load_costs_nothing_but_refusals(load, on_host, appointments, way):
    with load.running():
        time.sleep(3)
        on_host("db1", WAYS[way])
        accepts_at = time.monotonic()
        time.sleep(RECOVERED_WITHIN_S + 2)
    booked = load.booked()
    again = load.repeat(booked[-20:] + [answer for answer in booked if answer.at < accepts_at][-20:])

    assert unwelcome(load.answers) == []
    if way == "away for ten seconds":  # the others may be over before the first who waits for a connection gives up
        assert any(answer.status == 503 for answer in load.answers)
    late = Counter(a.status for a in load.answers if a.at - a.took_s > accepts_at + RECOVERED_WITHIN_S)
    assert late.keys() == {200, 201, 409}
    for kind, good in (("search", 200), ("booking", 201)):
        first = min(a.at for a in load.answers if a.kind == kind and a.status == good and a.at > accepts_at)
        assert first - accepts_at < RECOVERED_WITHIN_S
    assert {answer.body["appointment"]["id"] for answer in booked} <= appointments(load.business)
    body_by_key = {answer.key: answer.body for answer in booked}
    assert [(a.status, a.body) for a in again] == [(201, body_by_key[a.key]) for a in again]


@pytest.mark.parametrize("way", ["restart valkey-server", "stop valkey-server; sleep 3; systemctl start valkey-server"])
def test_valkey_away_under_load_is_not_noticed(load, on_host, way):
    with load.running():
        time.sleep(2)
        on_host("cache1", f"systemctl {way}")
        time.sleep(2)

    assert Counter(answer.status for answer in load.answers).keys() == {200, 201, 409}
    assert max(answer.took_s for answer in load.answers) < LONGEST_S
