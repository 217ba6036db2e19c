"""Deliveries: signed, tried again, given up; and the receivers that fail in each way."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook as Signature

from app.builders import NOW
from standins.server import Fault

pytestmark = pytest.mark.postgresql


def later(**span):
    return datetime.now(UTC) + timedelta(**span)


def verified(hook, secret):
    (request,) = hook.receiver.recorded
    return Signature(secret).verify(request.body, request.headers)


def test_an_event_arrives_signed(hook):
    hook.tell("appointment.booked", starts_at="2026-11-23T10:00:00+00:00")

    (body,) = hook.deliver()

    assert (body["type"], body["data"]["starts_at"]) == ("appointment.booked", "2026-11-23T10:00:00+00:00")
    assert verified(hook, hook.secret) == body
    assert hook.states() == [("delivered", 1, None)]


def test_a_replaced_secret_signs_beside_the_new_one_for_a_day(hook, admin):
    made = hook.ask("POST", f"webhooks/{hook.id}/secret").json
    assert datetime.fromisoformat(made["previous_until"]) == NOW + timedelta(hours=24)
    admin.execute("update webhook_endpoint set previous_until = %s where id = %s", [later(hours=24), hook.id])
    hook.tell()

    (body,) = hook.deliver()

    assert verified(hook, hook.secret) == verified(hook, made["secret"]) == body
    hook.receiver.recorded.clear()
    hook.tell()
    hook.deliver(later(hours=25))
    (request,) = hook.receiver.recorded
    assert len(request.headers["webhook-signature"].split()) == 1


def test_an_endpoint_gets_the_kinds_it_wants(hook):
    hook.ask("PATCH", f"webhooks/{hook.id}", {"kinds": ["payment.failed"]}, match='"2"')
    hook.tell("appointment.booked")
    hook.tell("payment.failed")

    assert [body["type"] for body in hook.deliver()] == ["payment.failed"]


def test_nothing_is_delivered_before_there_is_a_secret(hook, ask):
    ask("POST", "webhooks", {"url": f"{hook.url}/unsigned"})
    hook.tell()

    hook.deliver()

    assert [request.path for request in hook.receiver.recorded] == ["/in"]


@pytest.mark.parametrize("status", [500, 301, 404])
def test_what_is_not_taken_comes_again_under_the_same_id(hook, status):
    hook.receiver.faults.append(Fault(status=status, times=1))
    hook.tell()

    hook.deliver()
    assert hook.states() == [("retrying", 1, f"answered {status}")]
    assert hook.read()["failing_since"] is not None
    hook.deliver(later(seconds=10))

    first, second = hook.receiver.recorded
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert hook.states() == [("delivered", 2, None)]
    assert hook.read()["failing_since"] is None


def test_a_receiver_that_says_gone_gets_no_more(hook):
    hook.receiver.faults.append(Fault(status=410))
    hook.tell()

    hook.deliver()
    hook.tell()
    hook.deliver(later(minutes=1))

    assert hook.states() == [("dead", 1, "answered 410")]
    assert (hook.read()["active"], hook.read()["disabled_reason"]) == (False, "gone")


def test_a_receiver_that_fails_for_three_days_is_disabled(hook):
    hook.receiver.faults.append(Fault(status=500))
    hook.tell()
    hook.deliver()
    hook.deliver(later(days=2))
    assert hook.read()["active"]

    hook.deliver(later(days=3, minutes=1))

    assert (hook.read()["active"], hook.read()["disabled_reason"]) == (False, "failing")
    assert hook.states() == [("dead", 3, "answered 500")]


def test_a_receiver_that_is_slow_is_let_go(hook, monkeypatch):
    monkeypatch.setattr("boka_app.webhooks.jobs._TIMEOUT_S", 0.2)
    hook.receiver.faults.append(Fault(delay_s=1, times=1))
    hook.tell()

    hook.deliver()

    assert hook.states()[0][:2] == ("retrying", 1)
    assert "Timeout" in hook.states()[0][2]


def test_a_receiver_that_is_away_or_hangs_up_is_tried_again(hook):
    hook.receiver.faults.append(Fault(kind="drop", times=1))
    hook.tell()
    hook.deliver()
    assert hook.states() == [("retrying", 1, "RemoteProtocolError")]

    hook.ask("PATCH", f"webhooks/{hook.id}", {"url": "http://127.0.0.1:1/in"}, match=f'"{hook.read()["version"]}"')
    hook.deliver(later(minutes=1))

    assert hook.states() == [("retrying", 2, "ConnectError")]


def test_what_waits_for_an_endpoint_that_was_disabled_meanwhile_is_not_sent(hook):
    hook.receiver.faults.append(Fault(status=500, times=1))
    hook.tell()
    hook.deliver()

    hook.ask("PATCH", f"webhooks/{hook.id}", {"active": False}, match=f'"{hook.read()["version"]}"')
    hook.deliver(later(minutes=1))

    assert len(hook.receiver.recorded) == 1
    assert [(status, failure) for status, _, failure in hook.states()] == [("dead", "the endpoint is disabled")]


def test_what_waits_for_an_endpoint_that_is_gone_goes_with_it(hook):
    hook.receiver.faults.append(Fault(status=500, times=1))
    hook.tell()
    hook.deliver()

    hook.ask("DELETE", f"webhooks/{hook.id}", match=f'"{hook.read()["version"]}"')
    hook.deliver(later(minutes=1))

    assert len(hook.receiver.recorded) == 1


def test_an_address_inside_our_networks_is_not_asked(hook):
    hook.tell()

    assert hook.deliver(webhook_networks=()) == []
    assert hook.states() == [
        ("retrying", 1, "127.0.0.1 leads to a private network; use an address of the public internet")
    ]


def test_the_same_event_twice_makes_one_delivery(hook, admin):
    hook.tell()
    hook.deliver()
    admin.execute("update procrastinate_jobs set status = 'todo' where task_name = 'fan_out'")

    assert len(hook.deliver()) == 1
