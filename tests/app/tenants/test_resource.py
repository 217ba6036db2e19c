"""A business decides about itself."""

import secrets

import pytest

pytestmark = pytest.mark.postgresql


@pytest.fixture
def settle(ask):
    """Change settings, whatever their version is."""
    return lambda **changes: ask("PATCH", "settings", changes, match="*")


def test_a_changed_policy_is_what_the_tenant_shows(ask, settle):
    settled = settle(cancel_until_minutes=1440, cancel_fee_percent=50)

    assert (settled.status_code, settled.json["version"]) == (200, 2)
    assert ask("GET", "").json["cancel_fee_percent"] == 50
    assert ask("GET", "settings").headers["ETag"] == settled.headers["ETag"] == '"2"'


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"time_zone": "Europe/Atlantis"}, id="no such zone"),
        pytest.param({"time_zone": "../etc/passwd"}, id="a path"),
        pytest.param({"locale": "german"}, id="no locale"),
        pytest.param({"host_name": "salon"}, id="one label"),
        pytest.param({"host_name": "Salon.Example.org"}, id="capitals"),
        pytest.param({"cancel_fee_percent": 101}, id="more than all"),
        pytest.param({"slug": "other"}, id="its name in addresses stays"),
    ],
)
def test_what_no_tenant_can_be_is_refused(settle, change):
    assert settle(**change).json["type"] == "/problems/body-invalid"


def test_a_host_name_is_of_one_tenant(settle, admin, make_salon):
    name = f"{secrets.token_hex(4)}.example.org"
    admin.execute("update tenant set host_name = %s where id = %s", [name, make_salon().id])

    assert settle(host_name=name).json["type"] == "/problems/already-taken"


@pytest.mark.parametrize(("role", "status"), [("read_only", 403), ("manager", 200)])
def test_leaders_change_settings(ask, role, status):
    assert ask("PATCH", "settings", {"name": "New"}, match="*", role=role).status_code == status
