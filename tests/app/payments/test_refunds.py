"""Money that goes back: too late, twice, by policy, by staff; each amount once, whatever breaks meanwhile."""

import pytest
from boka_app.payments import jobs, rules
from boka_app.payments.model import ProviderAway, ProviderRefused

from app.builders import at

pytestmark = pytest.mark.postgresql
REFUND = {"stripe": "/v1/refunds", "paystack": "/refund"}


def given_back(one):
    """What the provider's books say."""
    return sorted(r["amount"] for r in one.standin.refunds.values() if r["status"] in ("succeeded", "processed"))


async def paid(one):
    visit = await one.book()
    await visit.pay()
    await one.settle()
    return visit


def test_money_that_comes_after_the_hold_goes_back(shop, rows):
    async def talk(one):
        visit = await one.book()
        url = (await visit.checkout()).json["url"]
        one.hold(visit.id)
        one.clock.pass_(minutes=6)
        await one.expire()
        await visit.pay(url)
        await one.settle()
        page = await one.client.simulate_get(visit.page)
        return await visit.status(), given_back(one), page.text

    status, back, page = shop(talk)

    assert (status, back) == ("expired", [5000])
    assert rows("refund", "amount_minor, reason, status") == [(5000, "too_late", "succeeded")]
    assert rows("appointment", "paid_minor") == [0]
    assert "the whole amount goes back" in page


def test_money_that_comes_late_but_before_the_slot_is_free_confirms(shop, rows):
    async def talk(one):
        visit = await one.book()
        url = (await visit.checkout()).json["url"]
        one.hold(visit.id)
        one.clock.pass_(minutes=6)
        await visit.pay(url)
        await one.settle()
        return await visit.status()

    assert shop(talk) == "confirmed"
    assert rows("refund", "id") == []


@pytest.mark.parametrize("provider", ["stripe"], indirect=True)
def test_the_checkout_of_a_lost_slot_is_closed(shop, rows):
    async def talk(one):
        visit = await one.book()
        await visit.checkout()
        one.hold(visit.id)
        one.clock.pass_(minutes=6)
        await one.expire()
        await one.settle()
        return [session["status"] for session in one.standin.sessions.values()]

    assert shop(talk) == ["expired"]
    assert rows("payment", "status") == ["expired"]


def test_by_policy_the_fee_is_kept_and_the_rest_goes_back(shop, rows, admin, paid_salon):
    admin.execute(
        "update tenant set cancel_fee_percent = 20, cancel_until_minutes = 43200 where id = %s", [paid_salon.id]
    )

    async def talk(one):
        visit = await paid(one)
        await visit.cancel()
        await one.settle()
        await visit.cancel()
        await one.settle()
        return await visit.status(), given_back(one)

    assert shop(talk) == ("cancelled", [4000])
    assert rows("refund", "amount_minor, reason, status") == [(4000, "cancelled", "succeeded")]
    assert rows("appointment", "paid_minor, fee_minor") == [(1000, 1000)]
    assert rows("payment", "refunded_minor") == [4000]
    (detail,) = [d for action, d in rows("audit", "action, detail", "id") if action == "payment.refund_due"]
    assert detail == {"refund_minor": 4000, "fee_minor": 1000, "by_hand_minor": 0}


def test_cancelling_in_time_gives_all_back(shop, rows):
    async def talk(one):
        visit = await paid(one)
        await visit.cancel()
        await one.settle()
        return given_back(one)

    assert shop(talk) == [5000]
    assert "refund.succeeded" in rows("outbox", "kind", "id")


def test_a_no_show_keeps_its_fee_and_a_fee_waived_later_goes_back_too(shop, rows, admin, paid_salon, staff):
    admin.execute("update tenant set no_show_fee_percent = 30 where id = %s", [paid_salon.id])

    async def talk(one):
        visit = await paid(one)
        one.clock.pass_(days=4)
        entry, headers = f"{one.salon.address}/calendar/{visit.id}", staff(one.salon, now=one.clock.now)
        await one.client.simulate_post(f"{entry}/no-show", json={}, headers=headers)
        await one.settle()
        kept = given_back(one)
        match = {"If-Match": (await one.client.simulate_get(entry, headers=headers)).headers["etag"]}
        await one.client.simulate_patch(entry, json={"waive_fee": True}, headers=headers | match)
        await one.settle()
        return kept, given_back(one)

    assert shop(talk) == ([3500], [1500, 3500])
    assert rows("appointment", "status, paid_minor, fee_minor") == [("no_show", 0, 0)]


@pytest.mark.parametrize("provider", ["stripe"], indirect=True)
def test_editing_what_waits_for_money_leaves_its_checkout_open(shop, rows, staff):
    async def talk(one):
        visit = await one.book()
        await visit.checkout()
        entry, headers = f"{one.salon.address}/calendar/{visit.id}", staff(one.salon)
        match = {"If-Match": (await one.client.simulate_get(entry, headers=headers)).headers["etag"]}
        await one.client.simulate_patch(entry, json={"notes": "by the window"}, headers=headers | match)
        await one.settle()

    shop(talk)

    assert rows("payment", "status") == ["pending"]
    assert "appointment.edited" in rows("outbox", "kind", "id")


def test_the_second_of_two_payments_goes_back(shop, rows):
    async def talk(one):
        visit = await one.book()
        first = (await visit.checkout()).json["url"]
        one.clock.now += rules.CHECKOUT_LIFE
        one.hold(visit.id)
        second = (await visit.checkout()).json["url"]
        for session in getattr(one.standin, "sessions", {}).values():
            session["expires_at"] += 7200  # two pages stay open at the provider
        await visit.pay(second)
        await visit.pay(first)
        await one.settle()
        return await visit.status(), given_back(one)

    assert shop(talk) == ("confirmed", [5000])
    assert rows("refund", "reason, status") == [("duplicate", "succeeded")]
    assert rows("appointment", "paid_minor") == [5000]


def test_a_refund_whose_answer_was_lost_is_made_once(shop, rows, fault, provider):
    async def talk(one):
        visit = await paid(one)
        await visit.cancel()
        fault(one, REFUND[provider], "lost")
        with pytest.raises(ProviderAway):
            await one.settle()
        await jobs.make_refund(one.work, one.salon.id, rows("refund", "id")[0])
        await one.settle()
        return given_back(one)

    assert shop(talk) == [5000]
    assert rows("refund", "status") == ["succeeded"]


def test_a_worker_killed_after_the_provider_s_answer_refunds_once(shop, rows, admin, monkeypatch):
    async def killed(*_):
        raise KeyboardInterrupt

    async def talk(one):
        visit = await paid(one)
        await visit.cancel()
        with monkeypatch.context() as patch:
            patch.setattr("boka_app.payments.service.settle_refund", killed)
            with pytest.raises(KeyboardInterrupt):
                await one.settle()
        refund_id = rows("refund", "id")[0]
        await jobs.make_refund(one.work, one.salon.id, refund_id)  # still in the hand of the one that died
        before = rows("refund", "status, provider_ref")
        with admin.transaction():
            admin.execute("set local session_replication_role = replica")  # without the trigger that notes the time
            admin.execute("update refund set updated_at = now() - interval '3 minutes' where id = %s", [refund_id])
        await jobs.sweep_payments(one.work)
        await one.settle()
        return before, given_back(one)

    assert shop(talk) == ([("pending", None)], [5000])
    assert rows("refund", "status") == ["succeeded"]


def test_a_refund_through_an_account_that_was_removed_fails_and_is_seen(shop, rows, admin, paid_salon):
    async def talk(one):
        visit = await paid(one)
        await visit.cancel()
        admin.execute("delete from payment_account where tenant_id = %s", [paid_salon.id])
        await one.settle()

    shop(talk)

    assert rows("refund", "status") == ["failed"]
    assert "the account was removed" in rows("refund", "failure")[0]


def test_a_provider_in_trouble_leaves_the_refund_for_later(shop, rows, fault, provider):
    async def talk(one):
        visit = await paid(one)
        await visit.cancel()
        fault(one, REFUND[provider], "refuse", status=500)
        with pytest.raises(ProviderAway):
            await one.settle()

    shop(talk)

    assert rows("refund", "status") == ["created"]
    assert "does not answer" in rows("refund", "failure")[0]


def test_a_refund_that_the_provider_refuses_is_seen_and_the_money_counts_as_held(shop, rows, provider):
    async def talk(one):
        visit = await paid(one)
        await visit.cancel()
        (known,) = (one.standin.sessions if provider == "stripe" else one.standin.transactions).values()
        known["amount_total" if provider == "stripe" else "amount"] = 100  # as if the rest was refunded by hand there
        await one.settle()

    shop(talk)

    assert rows("refund", "status") == ["failed"]
    assert "amount" in rows("refund", "failure")[0]
    assert rows("payment", "refunded_minor") == [0]
    assert rows("appointment", "paid_minor") == [5000]
    assert "refund.failed" in rows("outbox", "kind", "id")


def test_a_refund_that_cannot_be_looked_for_is_neither_failed_nor_made(shop, rows, fault, provider):
    async def talk(one):
        visit = await paid(one)
        await visit.cancel()
        body = {"status": False, "message": "Invalid key", "error": {"message": "Invalid key"}}
        fault(one, REFUND[provider], "refuse", status=401, body=body)
        with pytest.raises(ProviderRefused):
            await one.settle()
        before = rows("refund", "status, failure")
        await jobs.make_refund(one.work, one.salon.id, rows("refund", "id")[0])
        await one.settle()
        return before, given_back(one)

    before, back = shop(talk)

    assert before[0][0] == "created"
    assert "Invalid key" in before[0][1]
    assert back == [5000]


@pytest.mark.parametrize(("end", "held"), [("good", 0), ("failed", 5000)])
def test_a_slow_refund_ends_as_the_provider_tells_later(shop, rows, fault, provider, end, held):
    async def talk(one):
        visit = await paid(one)
        await visit.cancel()
        fault(one, REFUND[provider], "pending")
        await one.settle()
        before = rows("refund", "status")
        good = "succeeded" if provider == "stripe" else "processed"
        (refund_id,) = one.standin.refunds
        one.standin.end_refund(refund_id, good if end == "good" else "failed")
        await one.settle()
        return before

    assert shop(talk) == ["pending"]
    assert rows("refund", "status") == ["succeeded" if end == "good" else "failed"]
    assert rows("appointment", "paid_minor") == [held]


def test_staff_refund_a_part_then_the_rest_and_never_more(shop, staff, rows):
    async def talk(one):
        await paid(one)
        payment_id = rows("payment", "id")[0]
        address, seen = f"{one.salon.address}/payments/{payment_id}", []
        for key, body in (
            ("k" * 8, {"amount_minor": 1500}),
            ("k" * 8, {"amount_minor": 1500}),
            ("l" * 8, {}),
            ("m" * 8, {}),
        ):
            headers = staff(one.salon, "manager") | {"Idempotency-Key": key}
            answer = await one.client.simulate_post(f"{address}/refunds", json=body, headers=headers)
            seen.append(answer.status_code)
        await one.settle()
        details = (await one.client.simulate_get(address, headers=staff(one.salon, "manager"))).json
        return seen, details, given_back(one)

    seen, details, back = shop(talk)

    assert seen == [202, 202, 202, 422]
    assert back == [1500, 3500]
    assert [refund["status"] for refund in details["refunds"]] == ["succeeded", "succeeded"]
    assert details["payment"]["refunded_minor"] == 5000


@pytest.mark.parametrize("provider", ["stripe"], indirect=True)
def test_cash_confirms_once_it_is_enough_and_goes_back_by_hand(shop, staff, rows):
    async def talk(one):
        visit = await one.book()
        seen = []
        for amount in (2000, 3000):
            body = {"appointment": visit.id, "amount_minor": amount}
            headers = staff(one.salon, "owner") | {"Idempotency-Key": f"cash-{amount}"}
            answer = await one.client.simulate_post(f"{one.salon.address}/payments", json=body, headers=headers)
            seen += [answer.status_code, await visit.status()]
        await visit.cancel()
        await one.settle()
        before = rows("refund", "id")
        headers = staff(one.salon, "owner") | {"Idempotency-Key": "by-hand-1"}
        address = f"{answer.headers['location']}/refunds"
        await one.client.simulate_post(address, json={}, headers=headers)
        return seen, before

    assert shop(talk) == ([201, "pending", 201, "confirmed"], [])
    assert rows("refund", "amount_minor, status") == [(3000, "succeeded")]
    assert rows("appointment", "paid_minor") == [2000]


def test_payments_are_listed_page_by_page(shop, staff, rows):
    async def talk(one):
        for hour in (9, 10, 11):
            await (await one.book(starts_at=at(hour).isoformat())).checkout()
        headers, seen, cursor = staff(one.salon, "manager"), [], None
        while True:
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = await one.client.simulate_get(f"{one.salon.address}/payments", headers=headers, params=params)
            seen.append([item["id"] for item in page.json["items"]])
            cursor = page.json["next"]
            if cursor is None:
                return seen

    seen = shop(talk)

    assert [len(page) for page in seen] == [2, 1]
    assert [id_ for page in seen for id_ in page] == [str(one) for one in reversed(rows("payment", "id"))]


def test_a_payment_of_another_tenant_is_unknown(shop, staff, rows, make_salon):
    other = make_salon()

    async def talk(one):
        await (await one.book()).checkout()
        address = f"{other.address}/payments/{rows('payment', 'id')[0]}"
        return (await one.client.simulate_get(address, headers=staff(other, "owner"))).status_code

    assert shop(talk) == 404


@pytest.mark.parametrize("role", ["staff", "read_only"])
def test_money_is_the_matter_of_owners_and_managers(shop, staff, role):
    async def talk(one):
        headers = staff(one.salon, role)
        return (await one.client.simulate_get(f"{one.salon.address}/payments", headers=headers)).status_code

    assert shop(talk) == 403


@pytest.mark.parametrize("provider", ["stripe"], indirect=True)
def test_an_amount_that_the_provider_cannot_give_back_is_seen(shop, staff, rows, admin, paid_salon):
    admin.execute("update service set currency = 'KWD' where tenant_id = %s", [paid_salon.id])

    async def talk(one):
        await paid(one)
        headers = staff(one.salon, "owner") | {"Idempotency-Key": "an-odd-one"}
        address = f"{one.salon.address}/payments/{rows('payment', 'id')[0]}/refunds"
        await one.client.simulate_post(address, json={"amount_minor": 1234}, headers=headers)
        await one.settle()

    shop(talk)

    assert rows("refund", "status") == ["failed"]
    assert "steps of 10" in rows("refund", "failure")[0]
    assert rows("appointment", "paid_minor") == [5000]
