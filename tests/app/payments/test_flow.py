"""A customer pays, through HTTP on a real PostgreSQL, at providers that stand in."""

import asyncio

import pytest
from boka_app.payments import rules

from app.builders import at

pytestmark = pytest.mark.postgresql
START = {"stripe": "/v1/checkout/sessions", "paystack": "/transaction/initialize"}


def opened(one):
    return list(getattr(one.standin, "sessions", None) or getattr(one.standin, "transactions", {}))


def test_paying_confirms_the_appointment(shop, rows):
    async def talk(one):
        visit = await one.book()
        before = await visit.status()
        back = await visit.pay()
        assert await one.deliver() == [200]
        await one.run_jobs()
        return before, await visit.status(), back, visit.page

    before, after, back, page = shop(talk)

    assert (before, after) == ("pending", "confirmed")
    assert back.startswith(f"https://boka.test{page}")
    assert rows("payment", "status, amount_minor, purpose") == [("succeeded", 5000, "full")]
    assert rows("appointment", "paid_minor") == [5000]
    assert "payment.succeeded" in rows("outbox", "kind", "id")


def test_a_deposit_confirms_the_appointment(shop, rows, admin, paid_salon):
    admin.execute("update service set payment = 'deposit', deposit_minor = 1200 where tenant_id = %s", [paid_salon.id])

    async def talk(one):
        visit = await one.book()
        await visit.pay()
        await one.settle()
        return await visit.status()

    assert shop(talk) == "confirmed"
    assert rows("payment", "status, amount_minor, purpose") == [("succeeded", 1200, "deposit")]


def test_asking_again_returns_the_open_checkout(shop, rows):
    async def talk(one):
        visit = await one.book()
        return [(await visit.checkout()).json for _ in range(3)], opened(one)

    answers, known = shop(talk)

    assert answers[0] == answers[1] == answers[2]
    assert (len(known), rows("payment", "status")) == (1, ["pending"])


def test_of_many_requests_at_once_one_checkout_comes(shop, rows):
    async def talk(one):
        visit = await one.book()
        answers = await asyncio.gather(*(visit.checkout() for _ in range(8)))
        return {answer.status_code for answer in answers}, {answer.json.get("url") for answer in answers}, opened(one)

    statuses, urls, known = shop(talk)

    assert statuses <= {200, 409}
    assert (len(known), len(urls - {None}), rows("payment", "status")) == (1, 1, ["pending"])


def test_a_lost_answer_of_the_provider_leads_to_one_payment(shop, rows, fault, provider):
    async def talk(one):
        visit = await one.book()
        fault(one, START[provider], "lost")
        lost = await visit.checkout()
        one.clock.pass_(seconds=30)
        await visit.pay()
        await one.settle()
        return lost.status_code, await visit.status()

    assert shop(talk) == (503, "confirmed")
    assert rows("payment", "status", "created_at")[-1] == "succeeded"
    assert rows("appointment", "paid_minor") == [5000]


def test_a_provider_in_trouble_is_answered_503_and_works_later(shop, fault, provider):
    async def talk(one):
        visit = await one.book()
        fault(one, START[provider], "refuse", status=500)
        away = await visit.checkout()
        one.clock.pass_(seconds=30)
        return away, (await visit.checkout()).status_code

    away, later = shop(talk)

    assert (away.status_code, away.json["type"], later) == (503, "/problems/provider-away", 200)
    assert int(away.headers["retry-after"]) > 0


def test_no_lock_is_held_while_a_slow_provider_thinks(shop, fault, provider, admin):
    async def talk(one):
        visit = await one.book()
        fault(one, START[provider], "refuse", delay_s=1.5)
        slow = asyncio.create_task(visit.checkout())
        while not one.standin.recorded:
            await asyncio.sleep(0.01)
        admin.execute("select 1 from appointment where id = %s for update nowait", [visit.id])
        return (await slow).status_code

    assert shop(talk) == 200


def test_a_provider_that_refuses_leaves_a_failed_payment_and_the_next_try_is_a_new_one(shop, rows, fault, provider):
    async def talk(one):
        visit = await one.book()
        body = {"status": False, "message": "No such key", "error": {"message": "No such key"}}
        fault(one, START[provider], "refuse", status=400, body=body)
        refused = await visit.checkout()
        return refused, (await visit.checkout()).status_code

    refused, later = shop(talk)

    assert (refused.status_code, refused.json["type"], later) == (502, "/problems/provider-refused", 200)
    assert sorted(rows("payment", "status")) == ["failed", "pending"]
    assert any("No such key" in (failure or "") for failure in rows("payment", "failure"))


@pytest.mark.parametrize(
    ("change", "status", "problem"),
    [
        pytest.param("status = 'confirmed'", 409, "payment-not-due", id="confirmed already"),
        pytest.param("status = 'cancelled'", 409, "payment-not-due", id="cancelled"),
        pytest.param("expires_at = '2026-11-01T00:00Z'", 409, "payment-not-due", id="not held any more"),
        pytest.param("currency = 'XOF'", 422, "payments-unavailable", id="a currency the provider does not take"),
    ],
)
def test_what_cannot_be_paid_is_refused(shop, admin, change, status, problem, provider):
    change = change.replace("XOF", "UGX" if provider == "stripe" else "XOF")

    async def talk(one):
        visit = await one.book()
        admin.execute(f"update appointment set {change} where id = %s", [visit.id])  # noqa: S608  the test's own words
        return await visit.checkout()

    answer = shop(talk)

    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{problem}")


def test_without_an_account_nothing_can_be_paid(shop, rows):
    async def talk(one):
        return await (await one.book()).checkout()

    answer = shop(talk, account=False)

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/payments-unavailable")
    assert rows("payment", "id") == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 401, id="no token"),
        pytest.param({"Authorization": "Bearer " + "x" * 43}, 404, id="another token"),
    ],
)
def test_only_the_token_of_the_appointment_opens_a_checkout(shop, headers, status):
    async def talk(one):
        visit = await one.book()
        return (await one.client.simulate_post(f"{visit.address}/payment", headers=headers)).status_code

    assert shop(talk) == status


def test_the_page_leads_to_the_checkout_and_tells_how_far_it_is(shop):
    async def talk(one):
        visit = await one.book()
        leaving = await one.client.simulate_post(visit.page)
        waiting = await one.client.simulate_get(visit.page, headers={"Accept-Language": "de"})
        await visit.pay()
        await one.settle()
        paid = await one.client.simulate_get(visit.page)
        return (await visit.checkout()).status_code, leaving, waiting, paid, visit.page, one.standin.url

    later, leaving, waiting, paid, page, url = shop(talk)

    assert leaving.headers["refresh"].startswith(f"0; url={url}")
    assert f'href="{url}' in leaving.text
    assert waiting.headers["refresh"] == f"3; url={page}"
    assert '<html lang="de">' in waiting.text
    assert "Paid" in paid.text
    assert "refresh" not in paid.headers
    assert later == 409


def test_a_stranger_sees_no_page_of_a_payment(shop):
    async def talk(one):
        visit = await one.book()
        page = f"/b/{one.salon.slug}/appointments/{visit.id}/{'x' * 43}/pay"
        return (await one.client.simulate_get(page)).status_code

    assert shop(talk) == 404


def test_a_checkout_left_open_too_long_is_replaced(shop, rows):
    async def talk(one):
        visit = await one.book()
        first = (await visit.checkout()).json
        one.clock.now += rules.CHECKOUT_LIFE
        one.hold(visit.id)
        return first, (await visit.checkout()).json

    first, second = shop(talk)

    assert first["url"] != second["url"]
    assert rows("payment", "status") == ["expired", "pending"]


def test_the_slot_is_kept_for_as_long_as_its_first_checkout_is_open(shop, rows):
    async def talk(one):
        visit = await one.book()
        opened = (await visit.checkout()).json
        one.clock.pass_(minutes=39)
        await one.expire()
        await visit.pay(opened["url"])
        await one.settle()
        return await visit.status()

    assert shop(talk) == "confirmed"
    assert rows("refund", "id") == []


def test_a_second_checkout_keeps_the_slot_no_longer(shop, rows):
    async def talk(one):
        visit = await one.book()
        await visit.checkout()
        one.clock.now += rules.CHECKOUT_LIFE
        one.hold(visit.id)
        await visit.checkout()
        return one.clock.now

    now = shop(talk)

    assert rows("appointment", "expires_at - interval '5 minutes'") == [now]


def test_two_appointments_are_paid_apart(shop):
    async def talk(one):
        first, second = await one.book(), await one.book(starts_at=at(11).isoformat())
        await first.checkout()
        await second.pay()
        await one.settle()
        return await first.status(), await second.status()

    assert shop(talk) == ("pending", "confirmed")
