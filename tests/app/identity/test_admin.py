"""What administrators of the platform see and do."""

import asyncio
from uuid import UUID, uuid4

import pytest

from app.builders import NOW
from app.identity.conftest import bearer, new_address

pytestmark = pytest.mark.postgresql


@pytest.fixture
def ask(talk, staff):
    """Send one request as an administrator."""
    header = staff(role="platform_admin")

    def run(method, path, body=None):
        return talk(lambda service: service.send(method, path, body, header))

    return run


def test_the_use_of_second_factors_is_counted(ask, admin):
    admin.execute("update account set totp_confirmed_at = now() where platform_admin")

    (administrators,) = [row for row in ask("GET", "/api/admin/security/mfa-stats").json if row["group"] != "others"]
    assert administrators["accounts"] == administrators["with_mfa"] > 0


def test_a_locked_account_is_listed_and_unlocked(ask, account, admin):
    admin.execute("update account set failed_logins = 60, locked_until = %s where id = %s", ["2030-01-01", account.id])
    listed = ask("GET", "/api/admin/security/locked-accounts").json
    answers = [ask("DELETE", f"/api/admin/security/locked-accounts/{account.id}") for _ in range(2)]

    assert [row["failed_logins"] for row in listed if row["email"] == account.email] == [60]
    assert [answer.status_code for answer in answers] == [204, 404]


def test_addresses_of_failed_log_ins_are_listed(talk, ask, make_account):
    address = new_address()

    async def conversation(service):
        for account in (make_account(), make_account()):
            await service.log_in(account, password="guess", address=address)

    talk(conversation)
    rows = ask("GET", "/api/admin/security/failed-logins").json
    (row,) = [row for row in rows if row["address"].removesuffix("::/64") == address.removesuffix("::7")]
    assert (row["failed"], row["accounts"]) == (2, 2)


def test_an_administrator_ends_the_sessions_of_anybody(talk, staff, account):
    administrator = staff(role="platform_admin")

    async def conversation(service):
        tokens = await service.log_in(account)
        ended = await service.post(f"/api/admin/accounts/{account.id}/force-logout", headers=administrator)
        return ended, await service.send("GET", "/api/account", headers=bearer(tokens))

    ended, out = talk(conversation)
    assert (ended.json, out.status_code) == ({"count": 1}, 401)


def test_an_administrator_is_made_and_revoked(ask, make_account):
    account = make_account()
    made = ask("POST", "/api/admin/admins", {"email": account.email, "name": "Ada"})
    revoked = ask("DELETE", f"/api/admin/admins/{account.id}")

    assert account.email in [row["email"] for row in made.json]
    assert account.email not in [row["email"] for row in ask("GET", "/api/admin/admins").json]
    assert (made.status_code, revoked.status_code) == (201, 204)


def test_nobody_revokes_oneself(talk, staff):
    header = staff(role="platform_admin")

    async def conversation(service):
        own = (await service.send("GET", "/api/account", headers=header)).json["id"]
        return await service.send("DELETE", f"/api/admin/admins/{own}", headers=header)

    assert talk(conversation).status_code == 409


def test_a_business_is_taken_in_with_its_owner(ask, admin):
    owner = {"email": f"{uuid4().hex}@example.org", "name": "Zoë"}
    wish = {"slug": f"new-{uuid4().hex[:8]}", "name": "New", "time_zone": "Africa/Johannesburg", "owner": owner}
    answers = [ask("POST", "/api/admin/tenants", wish) for _ in range(2)]

    made = answers[0].json
    assert [answer.status_code for answer in answers] == [201, 409]
    role = admin.execute("select role from membership where tenant_id = %s", [UUID(made["id"])]).fetchone()
    kind = admin.execute("select kind from notification where subject_id = %s", [UUID(made["owner_id"])]).fetchone()
    assert (role, kind) == (("owner",), ("member.invited",))


def test_the_security_figures_are_numbers(ask):
    figures = ask("GET", "/api/security-metrics").json

    assert {type(figure) for figure in figures.values()} == {int}
    assert figures["sessions_active"] > 0


def test_live_sessions_are_a_metric(talk):
    async def conversation(service):
        async with asyncio.timeout(5):
            while "user_sessions_active 0.0" in (text := (await service.send("GET", "/api/metrics")).text):
                await asyncio.sleep(0.05)
        return text

    assert "user_sessions_active" in talk(conversation)


def test_every_turn_of_a_switch_is_audited_with_its_reason_shown(ask, admin):
    turned = ask("PUT", "/api/admin/switches/read_only", {"enabled": False, "reason": "restore is over"})

    (switch,) = [row for row in turned.json if row["name"] == "read_only"]
    assert (switch["reason"], switch["changed_at"]) == ("restore is over", NOW.isoformat().replace("+00:00", "Z"))
    (action,) = admin.execute("select action from audit where action = 'switch.turned' limit 1").fetchone()
    assert action == "switch.turned"


def test_there_are_two_switches(ask):
    assert ask("PUT", "/api/admin/switches/other", {"enabled": True}).status_code == 404
