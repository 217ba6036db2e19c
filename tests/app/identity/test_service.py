"""Logging in, staying and leaving, over HTTP and against the database."""

import asyncio
from datetime import timedelta
from threading import BoundedSemaphore
from urllib.parse import urlencode

import jwt
import pytest
from argon2 import PasswordHasher
from boka_app.identity import passwords
from boka_app.identity.model import TooManyAttempts

from app.identity.conftest import PASSWORD, bearer

pytestmark = pytest.mark.postgresql


def test_a_log_in_gives_tokens_that_open_the_account(talk, account):
    async def conversation(service):
        tokens = await service.log_in(account)
        return tokens, await service.send("GET", "/api/account", headers=bearer(tokens))

    tokens, own = talk(conversation)
    assert (tokens.status_code, tokens.json["expires_in"], tokens.headers["cache-control"]) == (200, 600, "no-store")
    assert (own.json["email"], own.json["mfa"], own.json["memberships"]) == (account.email, False, [])


def test_ones_account_lists_ones_tenants(talk, account, salon, admin):
    admin.execute("insert into membership values (%s, %s, 'manager')", [salon.id, account.id])

    async def conversation(service):
        return await service.send("GET", "/api/account", headers=bearer(await service.log_in(account)))

    assert talk(conversation).json["memberships"] == [{"slug": salon.slug, "name": "Salon", "role": "manager"}]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"password": "wrong"}, "login-refused", id="wrong password"),
        pytest.param({"email": "nobody@example.org"}, "login-refused", id="nobody"),
    ],
)
def test_what_was_wrong_is_not_told(talk, account, changes, told):
    async def conversation(service):
        body = {"email": account.email, "password": PASSWORD} | changes
        return await service.post("/api/auth/login", body)

    answer = talk(conversation)
    assert (answer.status_code, answer.json["type"]) == (401, f"/problems/{told}")


def test_a_closed_account_is_refused_like_a_wrong_password(talk, account, admin):
    admin.execute("update account set disabled_at = now() where id = %s", [account.id])

    answer = talk(lambda service: service.log_in(account))
    assert answer.json["type"] == "/problems/login-refused"


def test_an_email_address_is_known_in_any_case(talk, account):
    async def conversation(service):
        return await service.post("/api/auth/login", {"email": account.email.upper(), "password": PASSWORD})

    assert talk(conversation).status_code == 200


def test_a_refresh_token_gives_the_next_pair(talk, account):
    async def conversation(service):
        first = await service.log_in(account)
        second = await service.post("/api/auth/refresh", {"refresh_token": first.json["refresh_token"]})
        return second, await service.send("GET", "/api/account", headers=bearer(second))

    second, own = talk(conversation)
    assert (second.status_code, own.status_code) == (200, 200)


@pytest.mark.parametrize("rotations", [1, 3], ids=["the last", "an older one"])
def test_an_old_refresh_token_ends_the_session_of_whoever_holds_the_new_one(talk, account, rotations):
    async def conversation(service):
        stolen = newest = await service.log_in(account)
        for _ in range(rotations):
            newest = await service.post("/api/auth/refresh", {"refresh_token": newest.json["refresh_token"]})
        service.now += timedelta(minutes=1)
        old = await service.post("/api/auth/refresh", {"refresh_token": stolen.json["refresh_token"]})
        new = await service.post("/api/auth/refresh", {"refresh_token": newest.json["refresh_token"]})
        return old, new, await service.send("GET", "/api/account", headers=bearer(newest))

    answers = talk(conversation)
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert answers[0].json["type"] == "/problems/token-spent"


def test_a_client_whose_answer_got_lost_may_show_the_last_token_again(talk, account):
    async def conversation(service):
        first = await service.log_in(account)
        for _ in range(2):
            answer = await service.post("/api/auth/refresh", {"refresh_token": first.json["refresh_token"]})
        return answer

    assert talk(conversation).status_code == 200


def test_a_session_ends_some_time_after_its_last_use(talk, account):
    async def conversation(service):
        first = await service.log_in(account)
        service.now += timedelta(days=14)
        return await service.post("/api/auth/refresh", {"refresh_token": first.json["refresh_token"]})

    assert talk(conversation).status_code == 401


def test_the_keys_of_access_tokens_are_published(talk, account):
    async def conversation(service):
        return await service.log_in(account), await service.send("GET", "/.well-known/jwks.json")

    tokens, keys = talk(conversation)
    (key,) = keys.json["keys"]
    assert jwt.get_unverified_header(tokens.json["access_token"])["kid"] == key["kid"]
    assert keys.headers["cache-control"] == "public, max-age=300"


def test_a_browser_gets_a_session_of_its_own_kind(talk, account):
    async def conversation(service):
        page = {"Origin": "https://boka.test", "Content-Type": "application/x-www-form-urlencoded"}
        form = urlencode({"email": account.email, "password": PASSWORD})
        answer = await service.client.simulate_post("/staff/login", body=form, headers=page)
        cookie = answer.cookies["__Host-boka"]
        headers = {"Cookie": f"__Host-boka={cookie.value}"}
        own = await service.send("GET", "/api/account", headers=headers)
        service.now += timedelta(hours=12)
        return cookie, own, await service.send("GET", "/api/account", headers=headers)

    cookie, own, later = talk(conversation)
    assert (cookie.secure, cookie.http_only, cookie.same_site, cookie.path) == (True, True, "Strict", "/")
    assert (own.status_code, later.status_code) == (200, 401)


def test_a_hash_of_other_parameters_is_made_anew_at_the_log_in(talk, make_account, admin):
    account = make_account(password_hash=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD))
    answer = talk(lambda service: service.log_in(account))

    (stored,) = admin.execute("select password_hash from account where id = %s", [account.id]).fetchone()
    assert (answer.status_code, stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")) == (200, True)


def test_who_does_not_exist_takes_as_long_as_who_does():
    assert not passwords.outdated(passwords.NOBODY)


def test_too_many_hashes_at_once_are_refused(monkeypatch):
    monkeypatch.setattr(passwords, "_places", BoundedSemaphore(2))

    async def conversation():
        return await asyncio.gather(*(passwords.matches(None, "x") for _ in range(3)), return_exceptions=True)

    answers = asyncio.run(conversation())
    assert sum(isinstance(answer, TooManyAttempts) for answer in answers) == 1


def test_logging_out_ends_the_session_at_once(talk, account):
    async def conversation(service):
        tokens = await service.log_in(account)
        left = await service.post("/api/auth/logout", headers=bearer(tokens))
        return left, await service.send("GET", "/api/account", headers=bearer(tokens))

    left, own = talk(conversation)
    assert (left.status_code, own.status_code) == (204, 401)


def test_sessions_are_listed_and_one_of_them_ended(talk, account):
    async def conversation(service):
        other, mine = await service.log_in(account, address="198.51.100.1"), await service.log_in(account)
        listed = await service.send("GET", "/api/account/sessions", headers=bearer(mine))
        (other_id,) = [session["id"] for session in listed.json if not session["current"]]
        ended = await service.send("DELETE", f"/api/account/sessions/{other_id}", headers=bearer(mine))
        return listed, ended, await service.send("GET", "/api/account", headers=bearer(other))

    listed, ended, out = talk(conversation)
    assert "198.51.100.1" in [session["address"] for session in listed.json]
    assert (ended.status_code, out.status_code) == (204, 401)


def test_nobody_ends_the_session_of_another(talk, make_account):
    async def conversation(service):
        mine, others = await service.log_in(make_account()), await service.log_in(make_account())
        (session,) = (await service.send("GET", "/api/account/sessions", headers=bearer(others))).json
        return await service.send("DELETE", f"/api/account/sessions/{session['id']}", headers=bearer(mine))

    assert talk(conversation).status_code == 404


def test_revoking_all_ends_this_session_too(talk, account):
    async def conversation(service):
        tokens = await service.log_in(account)
        await service.post("/api/account/sessions/revoke-all", headers=bearer(tokens))
        return await service.send("GET", "/api/account", headers=bearer(tokens))

    assert talk(conversation).status_code == 401


def test_a_new_password_ends_all_other_sessions(talk, account):
    async def conversation(service):
        other, mine = await service.log_in(account), await service.log_in(account)
        body = {"current_password": PASSWORD, "password": "Blumen-am-Fenster-9"}
        changed = await service.send("PATCH", "/api/account/password", body, bearer(mine))
        still = await service.send("GET", "/api/account", headers=bearer(mine))
        out = await service.send("GET", "/api/account", headers=bearer(other))
        again = await service.log_in(account, password="Blumen-am-Fenster-9")
        return changed, still, out, again

    assert [answer.status_code for answer in talk(conversation)] == [204, 200, 401, 200]


def test_a_new_password_needs_the_present_one(talk, account):
    async def conversation(service):
        body = {"current_password": "wrong", "password": "Blumen-am-Fenster-9"}
        return await service.send("PATCH", "/api/account/password", body, bearer(await service.log_in(account)))

    assert talk(conversation).json["type"] == "/problems/login-refused"
