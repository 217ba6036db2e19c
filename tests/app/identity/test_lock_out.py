"""Guessing gets slow; keeping somebody out by guessing does not work."""

import asyncio
from datetime import timedelta

import pytest
from boka_app.conventions.limits import network
from boka_app.identity import rules
from boka_app.identity.rules import History, locked_for, refusal

from app.builders import NOW
from app.identity.conftest import new_address


def history(**changes):
    defaults = {
        "pair_failures": 0,
        "last_failure_at": None,
        "address_failures": 0,
        "known": False,
        "locked_until": None,
    }
    return History(**(defaults | changes))


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(4, None), (5, 1), (8, 8), (14, 512), (15, 900), (1000, 900)],
)
def test_the_pause_after_a_failure_doubles_up_to_a_quarter_of_an_hour(failures, seconds):
    refused = refusal(history(pair_failures=failures, last_failure_at=NOW), NOW)

    assert refused == (seconds and ("throttled", timedelta(seconds=seconds)))


def test_after_the_pause_one_may_try_again():
    tried = history(pair_failures=5, last_failure_at=NOW - timedelta(seconds=1))

    assert refusal(tried, NOW) is None


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        pytest.param({"address_failures": rules.ADDRESS_BUDGET}, "throttled", id="an address that fails everywhere"),
        pytest.param({"locked_until": NOW + timedelta(minutes=1)}, "locked", id="an account under attack"),
    ],
)
def test_only_unknown_addresses_are_kept_out(changes, outcome):
    unknown, known = (refusal(history(known=known, **changes), NOW) for known in (False, True))

    assert (unknown and unknown[0], known) == (outcome, None)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(49, None), (50, 15), (51, 30), (52, 60), (100_000, 60)], ids=lambda value: f"{value}"
)
def test_a_lock_lasts_an_hour_at_most(failures, minutes):
    assert locked_for(failures) == (minutes and timedelta(minutes=minutes))


async def guess(service, account, times, address=None):
    for _ in range(times):
        answer = await service.log_in(account, password="guess", address=address)
    return answer


@pytest.fixture
def office():
    return new_address()


@pytest.fixture
def hotel():
    return new_address()


@pytest.fixture
def under_attack(admin):
    """Have many addresses guess at an account, as far as its rows tell."""

    def attack(account):
        admin.execute(
            "update account set failed_logins = 60, locked_until = %s where id = %s",
            [NOW + timedelta(minutes=15), account.id],
        )

    return attack


@pytest.mark.postgresql
def test_guessing_is_answered_429_with_the_time_to_wait(talk, account):
    async def conversation(service):
        last = await guess(service, account, 5)
        refused = await service.log_in(account)
        service.now += timedelta(seconds=1)
        return last, refused, await service.log_in(account)

    last, refused, later = talk(conversation)
    assert [last.status_code, refused.status_code, later.status_code] == [401, 429, 200]
    assert refused.headers["retry-after"] == "1"


@pytest.mark.postgresql
def test_an_attacker_elsewhere_does_not_keep_the_owner_out(talk, account, office):
    async def conversation(service):
        await guess(service, account, 6)
        return await service.log_in(account, address=office)

    assert talk(conversation).status_code == 200


@pytest.mark.postgresql
def test_an_account_under_attack_from_everywhere_opens_where_its_owner_was_before(
    talk, account, under_attack, office, hotel
):
    async def conversation(service):
        await service.log_in(account, address=office)
        under_attack(account)
        return await service.log_in(account, address=office), await service.log_in(account, address=hotel)

    assert [answer.status_code for answer in talk(conversation)] == [200, 429]


@pytest.mark.postgresql
def test_an_address_that_fails_everywhere_is_shut_out_but_for_those_known_there(
    talk, account, make_account, admin, office
):
    other = make_account()
    row = "insert into login_attempt (at, email_hash, address, outcome) values (%s, sha256('x'), %s, 'unknown')"

    async def conversation(service):
        await service.log_in(account, address=office)
        with admin.cursor() as cur:
            cur.executemany(row, [(NOW, network(office))] * rules.ADDRESS_BUDGET)
        return await service.log_in(other, address=office), await service.log_in(account, address=office)

    stranger, known = talk(conversation)
    assert (stranger.status_code, known.status_code) == (429, 200)


@pytest.mark.postgresql
def test_many_guesses_at_once_count_one_by_one(talk, account):
    async def conversation(service):
        return await asyncio.gather(*(guess(service, account, 1) for _ in range(12)))

    answers = [answer.status_code for answer in talk(conversation)]
    assert (answers.count(401), answers.count(429)) == (5, 7)


@pytest.mark.postgresql
def test_guesses_from_many_addresses_lock_the_account(talk, account, admin, hotel):
    admin.execute("update account set failed_logins = %s where id = %s", [rules.ACCOUNT_BUDGET - 1, account.id])

    async def conversation(service):
        await guess(service, account, 1)
        return await service.log_in(account, address=hotel)

    assert talk(conversation).headers["retry-after"] == str(15 * 60)


@pytest.mark.postgresql
def test_a_log_in_forgets_what_failed_before(talk, account, admin, office):
    async def conversation(service):
        await guess(service, account, 4, office)
        await service.log_in(account, address=office)
        return await guess(service, account, 4, office)

    assert talk(conversation).status_code == 401
    row = admin.execute("select failed_logins, locked_until from account where id = %s", [account.id]).fetchone()
    assert row == (4, None)


@pytest.mark.postgresql
def test_wrong_codes_are_guesses_too(talk, account, admin, office):
    admin.execute("update account set totp_confirmed_at = now() where id = %s", [account.id])

    async def conversation(service):
        return [await service.log_in(account, code="recovery-no", address=office) for _ in range(6)]

    assert [answer.status_code for answer in talk(conversation)] == [401] * 5 + [429]


@pytest.mark.postgresql
def test_an_ipv6_network_is_one_address(talk, account):
    async def conversation(service):
        for host in range(5):
            await guess(service, account, 1, f"2001:db8:0:1::{host:x}")
        return [await service.log_in(account, address=f"2001:db8:0:{net}::9") for net in (1, 2)]

    assert [answer.status_code for answer in talk(conversation)] == [429, 200]
