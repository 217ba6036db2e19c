"""Keys: made by owners, shown once, revoked; and the platform's for an incident."""

from datetime import timedelta

import pytest
from boka_app.identity.rules import needs_of_key

pytestmark = pytest.mark.postgresql


def bearer(made):
    return {"Authorization": f"Bearer {made.json['secret']}"}


@pytest.fixture
def administrator(staff):
    return staff(role="platform_admin")


def test_a_key_works_until_it_is_revoked(talk, salon, staff):
    owner, keys = staff(salon), f"{salon.address}/api-keys"

    async def conversation(service):
        made = await service.post(keys, {"name": "Till", "scopes": ["members.read"]}, owner)
        before = await service.send("GET", f"{salon.address}/members", headers=bearer(made))
        revoked = await service.send("DELETE", f"{keys}/{made.json['key']['id']}", headers=owner)
        after = await service.send("GET", f"{salon.address}/members", headers=bearer(made))
        return made, [before.status_code, revoked.status_code, after.status_code]

    made, statuses = talk(conversation)
    assert (made.status_code, statuses) == (201, [200, 204, 401])
    assert made.json["secret"].startswith(made.json["key"]["prefix"] + "_")


def test_a_list_shows_no_secret_but_when_a_key_was_used(talk, salon, staff):
    owner, keys = staff(salon), f"{salon.address}/api-keys"

    async def conversation(service):
        made = await service.post(keys, {"name": "Till", "scopes": ["keys.read"], "days": 1}, owner)
        return made, await service.send("GET", keys, headers=bearer(made))

    made, listed = talk(conversation)
    (key,) = listed.json
    assert made.json["secret"] not in listed.text
    assert (key["tenant"], key["scopes"], key["last_used_at"] is not None) == (salon.slug, ["keys.read"], True)


def test_an_expired_key_neither_works_nor_shows(talk, salon, staff):
    keys = f"{salon.address}/api-keys"

    async def conversation(service):
        made = await service.post(keys, {"name": "Till", "scopes": ["*"], "days": 1}, staff(salon))
        service.now += timedelta(days=1)
        used = await service.send("GET", keys, headers=bearer(made))
        return used, await service.send("GET", keys, headers=staff(salon, now=service.now))

    used, listed = talk(conversation)
    assert (used.status_code, listed.json) == (401, [])


@pytest.mark.parametrize("scope", ["platform.read", "account.self", "no.such"])
def test_a_scope_that_an_owner_does_not_have_is_refused(talk, salon, staff, scope):
    wish = {"name": "Till", "scopes": ["catalog.read", scope]}

    answer = talk(lambda service: service.post(f"{salon.address}/api-keys", wish, staff(salon)))
    assert (answer.json["type"], scope in answer.json["detail"]) == ("/problems/scope-refused", True)


def test_a_key_makes_no_key_that_may_more_than_itself(talk, salon, staff):
    keys = f"{salon.address}/api-keys"

    async def conversation(service):
        maker = await service.post(keys, {"name": "Maker", "scopes": ["keys.write", "catalog.read"]}, staff(salon))
        wishes = [{"name": "Made", "scopes": [scope]} for scope in ("catalog.read", "catalog.write", "*")]
        return [await service.post(keys, wish, bearer(maker)) for wish in wishes]

    assert [answer.status_code for answer in talk(conversation)] == [201, 422, 422]


def test_a_star_gives_no_members_no_keys_and_no_account():
    assert not needs_of_key(["*"], platform=False) & {"members.write", "keys.write", "payments.setup", "account.self"}


def test_nobody_revokes_the_key_of_another_tenant(talk, make_salon, staff):
    here, there = make_salon(), make_salon()

    async def conversation(service):
        made = await service.post(f"{there.address}/api-keys", {"name": "Till", "scopes": ["*"]}, staff(there))
        path = f"{here.address}/api-keys/{made.json['key']['id']}"
        return await service.send("DELETE", path, headers=staff(here)), await service.send(
            "GET", f"{there.address}/members", headers=bearer(made)
        )

    refused, used = talk(conversation)
    assert (refused.status_code, used.status_code) == (404, 200)


def test_an_administrator_sees_and_revokes_the_keys_of_all(talk, salon, staff, administrator):
    async def conversation(service):
        made = await service.post(f"{salon.address}/api-keys", {"name": "Till", "scopes": ["*"]}, staff(salon))
        listed = await service.send("GET", "/api/admin/api-keys", headers=administrator)
        revoked = await service.send("DELETE", f"/api/admin/api-keys/{made.json['key']['id']}", headers=administrator)
        return made, listed, revoked, await service.send("GET", f"{salon.address}/members", headers=bearer(made))

    made, listed, revoked, used = talk(conversation)
    assert made.json["key"]["id"] in [key["id"] for key in listed.json]
    assert (revoked.status_code, used.status_code) == (204, 401)


def test_an_emergency_key_opens_the_platform_for_some_hours_and_is_audited(talk, administrator, admin):
    wish = {"reason": "log-in is down", "hours": 1}

    async def conversation(service):
        made = await service.post("/api/admin/api-keys/emergency", wish, administrator)
        used = await service.send("GET", "/api/security-metrics", headers=bearer(made))
        service.now += timedelta(hours=1)
        return made, used, await service.send("GET", "/api/security-metrics", headers=bearer(made))

    made, used, later = talk(conversation)
    assert (made.json["key"]["emergency"], used.status_code, later.status_code) == (True, 200, 401)
    noted = admin.execute("select detail from audit where subject_id = %s", [made.json["key"]["id"]]).fetchone()
    assert noted == (wish,)


def test_revoking_all_keys_ends_them_everywhere(talk, salon, staff, administrator):
    async def conversation(service):
        made = await service.post(f"{salon.address}/api-keys", {"name": "Till", "scopes": ["*"]}, staff(salon))
        ended = await service.send("DELETE", "/api/admin/api-keys", headers=administrator)
        return ended, await service.send("GET", f"{salon.address}/members", headers=bearer(made))

    ended, used = talk(conversation)
    assert (ended.json["count"] >= 1, used.status_code) == (True, 401)


def test_a_tenants_transaction_sees_no_foreign_key(database, make_salon, talk, staff):
    here, there = make_salon(), make_salon()
    talk(lambda service: service.post(f"{there.address}/api-keys", {"name": "T", "scopes": ["*"]}, staff(there)))

    with database.connect("booking_app") as conn, conn.transaction():
        conn.execute("select set_config('app.tenant_id', %s, true)", [str(here.id)])
        assert conn.execute("select * from api_key").fetchall() == []
