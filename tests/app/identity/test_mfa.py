"""The second factor: enrolled with the password, given once, replaced by recovery codes."""

import asyncio
from datetime import timedelta

import pytest
from pyotp import TOTP

from app.identity.conftest import PASSWORD, bearer

pytestmark = pytest.mark.postgresql
STEP = timedelta(seconds=30)


async def enrolled(service, account):
    """Log in, enrol and confirm a second factor; move on to the next step. Return tokens, factor, recovery codes."""
    tokens = await service.log_in(account)
    secret = (await service.post("/api/account/mfa", {"password": PASSWORD}, bearer(tokens))).json["secret"]
    factor = TOTP(secret)
    confirmed = await service.post("/api/account/mfa/confirm", {"code": factor.at(service.now)}, bearer(tokens))
    service.now += STEP
    return tokens, factor, confirmed.json["recovery_codes"]


def test_an_enrolment_names_issuer_and_account(talk, account):
    async def conversation(service):
        return await service.post("/api/account/mfa", {"password": PASSWORD}, bearer(await service.log_in(account)))

    answer = talk(conversation)
    assert answer.status_code == 201
    assert answer.json["uri"].startswith(f"otpauth://totp/Boka:{account.email.replace('@', '%40')}?secret=")


def test_enrolling_needs_the_password(talk, account):
    async def conversation(service):
        return await service.post("/api/account/mfa", {"password": "wrong"}, bearer(await service.log_in(account)))

    assert talk(conversation).json["type"] == "/problems/login-refused"


def test_a_factor_that_is_not_confirmed_is_not_asked_for(talk, account):
    async def conversation(service):
        await service.post("/api/account/mfa", {"password": PASSWORD}, bearer(await service.log_in(account)))
        return await service.log_in(account)

    assert talk(conversation).status_code == 200


def test_the_secret_lies_encrypted_in_the_database(talk, account, admin):
    async def conversation(service):
        _, factor, _ = await enrolled(service, account)
        return factor.secret

    secret = talk(conversation)
    (sealed,) = admin.execute("select totp_secret from account where id = %s", [account.id]).fetchone()
    assert secret.encode() not in bytes(sealed)


def test_once_confirmed_a_log_in_asks_for_a_code(talk, account):
    async def conversation(service):
        _, factor, _ = await enrolled(service, account)
        without = await service.log_in(account)
        wrong = await service.log_in(account, code="000000")
        return without, wrong, await service.log_in(account, code=factor.at(service.now))

    without, wrong, right = talk(conversation)
    assert [without.json["type"], wrong.json["type"]] == ["/problems/code-missing", "/problems/login-refused"]
    assert right.status_code == 200


@pytest.mark.parametrize("steps", [-1, 1], ids=["behind", "ahead"])
def test_a_clock_that_is_a_little_off_is_borne_with(talk, account, steps):
    async def conversation(service):
        _, factor, _ = await enrolled(service, account)
        service.now += 2 * STEP
        return await service.log_in(account, code=factor.at(service.now + steps * STEP))

    assert talk(conversation).status_code == 200


def test_a_code_counts_once(talk, account):
    async def conversation(service):
        _, factor, _ = await enrolled(service, account)
        code = factor.at(service.now)
        return [await service.log_in(account, code=code) for _ in range(2)]

    assert [answer.status_code for answer in talk(conversation)] == [200, 401]


def test_of_many_requests_with_one_code_at_once_one_gets_in(talk, account):
    async def conversation(service):
        _, factor, _ = await enrolled(service, account)
        code = factor.at(service.now)
        return await asyncio.gather(*(service.log_in(account, code=code) for _ in range(5)))

    assert sorted(answer.status_code for answer in talk(conversation)) == [200, 401, 401, 401, 401]


def test_a_recovery_code_counts_once_however_it_is_written(talk, account):
    async def conversation(service):
        _, _, codes = await enrolled(service, account)
        written = f"{codes[0][:8]}-{codes[0][8:]}".upper()
        return codes, [await service.log_in(account, code=code) for code in (written, codes[0], codes[1])]

    codes, answers = talk(conversation)
    assert len(set(codes)) == 10
    assert [answer.status_code for answer in answers] == [200, 401, 200]


def test_a_factor_in_use_is_not_replaced_but_disabled_first(talk, account):
    async def conversation(service):
        tokens, _, _ = await enrolled(service, account)
        again = await service.post("/api/account/mfa", {"password": PASSWORD}, bearer(tokens))
        disabled = await service.post("/api/account/mfa/disable", {"password": PASSWORD}, bearer(tokens))
        return again, disabled, await service.log_in(account)

    assert [answer.status_code for answer in talk(conversation)] == [409, 204, 200]


def test_confirming_lets_an_administrator_in_and_disabling_out(talk, make_account):
    async def conversation(service):
        account = make_account(platform_admin=True)
        first = await service.log_in(account)
        before = await service.send("GET", "/api/admin/admins", headers=bearer(first))
        tokens, _, _ = await enrolled(service, account)
        between = await service.send("GET", "/api/admin/admins", headers=bearer(tokens))
        await service.post("/api/account/mfa/disable", {"password": PASSWORD}, bearer(tokens))
        return before, between, await service.send("GET", "/api/admin/admins", headers=bearer(tokens))

    assert [answer.status_code for answer in talk(conversation)] == [403, 200, 403]


def test_there_is_nothing_to_confirm_before_enrolling(talk, account):
    async def conversation(service):
        return await service.post("/api/account/mfa/confirm", {"code": "123456"}, bearer(await service.log_in(account)))

    assert talk(conversation).json["type"] == "/problems/mfa-state"
