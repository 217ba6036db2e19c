"""Endpoints through the API: made, shown without their secret, replayed, and only one's own."""

from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.postgresql


def test_the_secret_is_shown_once(hook):
    assert hook.secret.startswith("whsec_")
    assert hook.read()["has_secret"]
    assert hook.secret not in hook.ask("GET", f"webhooks/{hook.id}").text


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "https://user:pass@example.org/", "https://example.org/#x", "https:///x"]
)
def test_what_is_no_address_is_refused(ask, url):
    assert ask("POST", "webhooks", {"url": url}).status_code == 422


def test_one_delivery_is_replayed(hook):
    hook.tell()
    hook.deliver()
    (row,) = hook.ask("GET", f"webhooks/{hook.id}/deliveries").json["items"]

    answer = hook.ask("POST", f"webhooks/{hook.id}/replay", {"delivery": row["id"]})
    hook.deliver()

    assert (answer.status_code, len(hook.receiver.recorded)) == (202, 2)


def test_all_since_a_time_is_replayed_also_what_the_endpoint_never_got(hook, ask):
    hook.tell()
    hook.deliver()
    new = ask("POST", "webhooks", {"url": f"{hook.url}/new"}).json["id"]
    ask("POST", f"webhooks/{new}/secret")
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()

    queued = [ask("POST", f"webhooks/{each}/replay", {"since": since}).json["queued"] for each in (hook.id, new)]
    hook.deliver(datetime.now(UTC) + timedelta(seconds=5))

    assert queued == [1, 1]
    assert sorted(request.path for request in hook.receiver.recorded) == ["/in", "/in", "/new"]


def test_what_does_not_exist_is_not_replayed(hook):
    nobody = "00000000-0000-0000-0000-000000000001"

    assert hook.ask("POST", f"webhooks/{hook.id}/replay", {"delivery": nobody}).status_code == 404
    assert hook.ask("POST", f"webhooks/{hook.id}/replay", {}).status_code == 422
    assert hook.ask("POST", f"webhooks/{nobody}/secret").status_code == 404


def test_staff_may_not_look(ask):
    assert ask("GET", "webhooks", role="staff").status_code == 403
