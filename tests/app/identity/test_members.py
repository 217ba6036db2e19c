"""Members of a tenant: invited, changed, let go; and the invitation taken up."""

import asyncio
from uuid import uuid4

import pytest
from boka_app.settings import Settings
from boka_app.vault import Vault

from app.conftest import settings
from app.identity.conftest import PASSWORD, bearer

pytestmark = pytest.mark.postgresql
NEW_PASSWORD = "Blumen-am-Fenster-9"


def link_in(admin, account_id):
    """Return the link that the last message to an account carries."""
    statement = "select secret from notification where subject_id = %s order by created_at desc limit 1"
    (sealed,) = admin.execute(statement, [account_id]).fetchone()
    keys: Settings = settings()
    return Vault(*keys.encryption_keys).open(sealed)


@pytest.fixture
def owner(salon, staff):
    return staff(salon)


@pytest.fixture
def ask(talk, salon, owner):
    """Send one request about the salon's members as its owner."""

    def run(method, path="", body=None, **headers):
        return talk(
            lambda service: service.send(method, f"{salon.address}/members{path}", body, owner | headers),
        )

    return run


def person(**changes):
    return {"email": f"{uuid4().hex}@example.org", "name": "Bela", "role": "staff"} | changes


def test_an_invited_person_sets_a_password_once_and_works(talk, salon, ask, admin):
    invited = ask("POST", body=person())
    token = link_in(admin, invited.json["id"]).rpartition("/staff/password/")[2]

    async def conversation(service):
        body = {"token": token, "password": NEW_PASSWORD}
        answers = [await service.post("/api/auth/password", body) for _ in range(2)]
        login = {"email": invited.json["email"], "password": NEW_PASSWORD}
        tokens = await service.post("/api/auth/login", login)
        return answers, await service.send("GET", "/api/account", headers=bearer(tokens))

    answers, account = talk(conversation)
    assert (invited.status_code, invited.json["active"]) == (201, False)
    assert [answer.status_code for answer in answers] == [204, 401]
    assert account.json["memberships"] == [{"slug": salon.slug, "name": "Salon", "role": "staff"}]


def test_whoever_has_an_account_is_led_to_the_log_in(ask, account, admin):
    invited = ask("POST", body=person(email=account.email, name="Another name"))

    assert (invited.json["id"], invited.json["name"]) == (str(account.id), "Ada")
    assert link_in(admin, account.id) == "https://boka.test/staff/login"


def test_nobody_is_a_member_twice(ask):
    wish = person()
    answers = [ask("POST", body=wish) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409]


def test_an_employee_that_does_not_exist_is_refused(ask):
    assert ask("POST", body=person(employee_id=str(uuid4()))).json["type"] == "/problems/reference-unknown"


def test_a_change_counts_from_the_next_request_on(talk, salon, ask, staff):
    manager = staff(salon, "manager")
    (member,) = [each for each in ask("GET").json if each["role"] == "manager"]
    shown = ask("GET", f"/{member['id']}")
    changed = ask("PATCH", f"/{member['id']}", {"role": "staff"}, **{"If-Match": shown.headers["etag"]})

    after = talk(lambda service: service.send("GET", f"{salon.address}/members", headers=manager))
    assert (changed.json["role"], changed.headers["etag"], after.status_code) == ("staff", '"2"', 403)


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 428), ({"If-Match": '"9"'}, 412)], ids=["no version", "another version"]
)
def test_a_change_is_meant_for_a_version(ask, headers, status):
    (owner,) = ask("GET").json

    assert ask("PATCH", f"/{owner['id']}", {"role": "owner"}, **headers).status_code == status


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"role": "manager"}), ("DELETE", None)])
def test_the_last_owner_stays(ask, method, body):
    (owner,) = ask("GET").json

    assert ask(method, f"/{owner['id']}", body, **{"If-Match": "*"}).json["type"] == "/problems/last-owner"


def test_of_two_owners_who_are_removed_at_once_one_stays(talk, salon, staff, admin):
    headers = [staff(salon), staff(salon)]

    async def conversation(service):
        path = f"{salon.address}/members"
        ids = [member["id"] for member in (await service.send("GET", path, headers=headers[0])).json]
        asks = [service.send("DELETE", f"{path}/{id_}", headers=headers[0] | {"If-Match": "*"}) for id_ in ids]
        return await asyncio.gather(*asks)

    talk(conversation)
    left = admin.execute("select role from membership where tenant_id = %s", [salon.id]).fetchall()
    assert left == [("owner",)]


def test_a_member_who_left_is_out_at_once(talk, salon, ask, staff):
    clerk = staff(salon, "staff")
    (member,) = [each for each in ask("GET").json if each["role"] == "staff"]
    ask("DELETE", f"/{member['id']}", **{"If-Match": "*"})

    assert talk(lambda service: service.send("GET", f"{salon.address}/members", headers=clerk)).status_code == 403


def test_the_members_of_another_tenant_are_unknown_here(ask, make_salon, staff, admin):
    there = make_salon()
    staff(there)
    (other,) = admin.execute("select account_id from membership where tenant_id = %s", [there.id]).fetchone()

    assert ask("GET", f"/{other}").status_code == 404


def test_a_change_of_members_is_in_the_tenants_audit(ask, salon, admin):
    ask("POST", body=person())

    row = admin.execute("select action, actor_kind, detail from audit where tenant_id = %s", [salon.id]).fetchone()
    assert row == ("member.added", "account", {"role": "staff"})


@pytest.mark.parametrize("known", [True, False], ids=["an account", "nobody"])
def test_a_forgotten_password_is_answered_alike(talk, account, known):
    email = account.email if known else "nobody@example.org"

    assert talk(lambda service: service.post("/api/auth/password-reset", {"email": email})).status_code == 202


def test_a_forgotten_password_is_set_by_link_and_ends_all_sessions(talk, account, admin):
    async def conversation(service):
        tokens = await service.log_in(account)
        for _ in range(2):
            await service.post("/api/auth/password-reset", {"email": account.email})
        token = link_in(admin, account.id).rpartition("/")[2]
        reset = await service.post("/api/auth/password", {"token": token, "password": NEW_PASSWORD})
        out = await service.send("GET", "/api/account", headers=bearer(tokens))
        return (
            reset,
            out,
            await service.log_in(account, password=PASSWORD),
            await service.log_in(account, password=NEW_PASSWORD),
        )

    assert [answer.status_code for answer in talk(conversation)] == [204, 401, 401, 200]
    sent = admin.execute("select count(*) from notification where subject_id = %s", [account.id]).fetchone()
    assert sent == (1,)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("short", id="short"),
        pytest.param("x" * 257, id="endless"),
        pytest.param("aaaaaaaaaaaaaaaa", id="one character"),
        pytest.param("password123456", id="well known"),
        pytest.param("Ada-Ada-Ada-Ada", id="the name"),
    ],
)
def test_a_password_that_anybody_would_guess_is_refused(talk, account, password):
    async def conversation(service):
        body = {"current_password": PASSWORD, "password": password}
        return await service.send("PATCH", "/api/account/password", body, bearer(await service.log_in(account)))

    assert talk(conversation).status_code == 422


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 92, "A" * 40], ids=lambda token: f"{len(token)}")
def test_a_token_to_set_a_password_is_not_guessed(talk, token):
    answer = talk(lambda service: service.post("/api/auth/password", {"token": token or "-", "password": NEW_PASSWORD}))

    assert answer.json["type"] == "/problems/token-spent"
