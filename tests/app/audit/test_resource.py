"""Leaders read who changed what."""

import pytest

pytestmark = pytest.mark.postgresql


@pytest.fixture
def service_id(ask):
    """A service that was made and then removed, among other changes."""
    made = ask("POST", "catalog/services", {"name": "Colour", "duration_minutes": 60})
    ask("PATCH", "settings", {"name": "New name"}, match="*")
    ask("DELETE", f"catalog/services/{made.json['id']}", match="*")
    return made.json["id"]


@pytest.mark.usefixtures("service_id")
def test_entries_come_newest_first_page_by_page(ask):
    first = ask("GET", "audit", query={"limit": 2}).json
    second = ask("GET", "audit", query={"limit": 2, "cursor": first["next"]}).json

    actions = [[entry["action"] for entry in page["items"]] for page in (first, second)]
    assert (actions, second["next"]) == ([["service.removed", "tenant.changed"], ["service.created"]], None)


def test_the_history_of_one_thing(ask, service_id):
    entries = ask("GET", "audit", query={"subject": service_id}).json["items"]

    assert [(entry["action"], entry["actor_kind"]) for entry in entries] == [
        ("service.removed", "account"),
        ("service.created", "account"),
    ]


def test_staff_do_not_read_it(ask):
    assert ask("GET", "audit", role="staff").status_code == 403
