"""Templates, channels and the list of messages through the API."""

import pytest

pytestmark = pytest.mark.postgresql
WORDS = {"kind": "appointment.confirmed", "channel": "email", "locale": "en", "subject": "Hi", "text_body": "Hello"}
SLACK = {"address": "slack://AAAAAAAAA/BBBBBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC"}


def test_a_template_is_kept_changed_and_removed(ask):
    made = ask("POST", "templates", WORDS)
    changed = ask("PATCH", f"templates/{made.json['id']}", {"subject": "Ho"}, match=made.headers["ETag"])
    removed = ask("DELETE", f"templates/{made.json['id']}", match=changed.headers["ETag"])

    assert (made.status_code, changed.json["subject"], removed.status_code) == (201, "Ho", 204)


def test_the_longest_template_fits_into_a_request(ask):
    assert ask("POST", "templates", WORDS | {"text_body": "ä" * 20_000, "html_body": "ä" * 100_000}).status_code == 201


@pytest.mark.parametrize("change", [{"text_body": "{{ x.y }}"}, {"kind": "nothing"}, {"kind": "refund.failed"}])
def test_a_broken_template_is_refused_when_saved_and_when_changed(ask, change):
    made = ask("POST", "templates", WORDS)

    assert ask("POST", "templates", WORDS | {"locale": "de"} | change).status_code == 422
    assert ask("PATCH", f"templates/{made.json['id']}", change, match=made.headers["ETag"]).status_code == 422


def test_a_template_is_seen_before_it_is_kept(ask):
    answer = ask("POST", "templates/preview", WORDS | {"text_body": "Hello {{ customer.name }}"})

    assert answer.json["text"] == "Hello Zoë Zimmer\n"
    assert ask("GET", "templates").json["items"] == []


def test_the_built_in_words_are_shown(ask):
    assert {"appointment.reminder"} <= {each["kind"] for each in ask("GET", "templates/built-in").json}


def test_a_channel_is_set_up_under_its_version_and_shows_no_secret(ask):
    first = ask("PUT", "channels/chat", SLACK)
    without = ask("PUT", "channels/chat", SLACK)
    second = ask("PUT", "channels/chat", SLACK | {"active": False}, match=first.headers["ETag"])
    shown = ask("GET", "channels")
    removed = ask("DELETE", "channels/chat", match=second.headers["ETag"])

    assert (first.status_code, without.status_code, second.json["active"]) == (200, 428, False)
    assert "slack" not in shown.text
    assert (removed.status_code, ask("GET", "channels").json) == (204, [])


@pytest.mark.parametrize(
    "address",
    ["json://169.254.169.254/", "json://10.0.0.1/", "file:///etc/passwd", "mailto://a:b@example.org", "syslog://", ""],
)
def test_a_chat_leads_only_to_services_of_their_own(ask, address):
    assert ask("PUT", "channels/chat", {"address": address}).status_code == 422


def test_there_is_no_other_channel(ask):
    assert ask("PUT", "channels/fax", SLACK).status_code == 404
    assert ask("DELETE", "channels/sms", match='"1"').status_code == 404


def test_only_leaders_change_words(ask):
    assert ask("POST", "templates", WORDS, role="staff").status_code == 403
    assert ask("GET", "templates", role="staff").status_code == 200
