"""What providers tell: verified on the raw body, taken once, in any order. Trap 7 of webhooks, on a real PostgreSQL."""

import asyncio
import json
from uuid import uuid4

import pytest
from boka_app.payments import jobs
from boka_app.worker.model import GiveUp

pytestmark = pytest.mark.postgresql


def nothing_was_written(rows):
    return rows("payment_event", "event_id", "received_at") == [] and rows("payment", "status") == ["pending"]


async def paid(one):
    """Book and pay; the webhook waits."""
    visit = await one.book()
    await visit.pay()
    return visit


def test_an_event_delivered_twice_counts_once(shop, rows, fault):
    async def talk(one):
        fault(one, "/webhooks", "twice")
        visit = await paid(one)
        answers = await one.deliver()
        await one.run_jobs()
        return answers, await visit.status()

    assert shop(talk) == ([200, 200], "confirmed")
    assert rows("appointment", "paid_minor") == [5000]
    assert rows("outbox", "kind", "id").count("payment.succeeded") == 1
    assert len(rows("payment_event", "event_id", "received_at")) == 1


def test_of_many_deliveries_at_once_one_counts(shop, rows):
    async def talk(one):
        visit = await paid(one)
        answers = await one.deliver(times=12)
        await one.run_jobs()
        return set(answers), await visit.status()

    assert shop(talk) == ({200}, "confirmed")
    assert rows("outbox", "kind", "id").count("payment.succeeded") == 1
    assert rows("outbox", "kind", "id").count("appointment.confirmed") == 1


@pytest.mark.parametrize("kind", ["forged", "rewritten"])
def test_an_event_that_was_changed_is_refused_and_nothing_is_written(shop, rows, fault, kind):
    async def talk(one):
        fault(one, "/webhooks", kind)
        await paid(one)
        (delivery,) = one.mail
        return await one.take(delivery.url, delivery.headers, delivery.body)

    answer = shop(talk)

    assert (answer.status_code, answer.json["type"]) == (400, "/problems/webhook-signature")
    assert nothing_was_written(rows)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Stripe-Signature": "t=,v1=", "x-paystack-signature": ""}, id="empty"),
        pytest.param({"Stripe-Signature": "v1=00", "x-paystack-signature": "00"}, id="short"),
        pytest.param({"Stripe-Signature": "t=²,v1=é", "x-paystack-signature": "é"}, id="not ASCII"),
    ],
)
def test_an_event_without_a_signature_is_refused(shop, rows, headers):
    async def talk(one):
        await paid(one)
        (delivery,) = one.mail
        return (await one.take(delivery.url, headers, delivery.body)).status_code

    assert shop(talk) == 400
    assert nothing_was_written(rows)


@pytest.mark.parametrize("provider", ["stripe"], indirect=True)
@pytest.mark.parametrize(("age_s", "status"), [(300, 200), (301, 400), (-301, 400)])
def test_stripe_s_signature_lasts_300_seconds(shop, age_s, status):
    async def talk(one):
        await paid(one)
        one.clock.pass_(seconds=age_s)
        return await one.deliver()

    assert shop(talk) == [status]


def test_an_event_before_we_noted_the_checkout_counts(shop, admin):
    async def talk(one):
        visit = await paid(one)
        admin.execute(
            "update payment set status = 'created', provider_ref = null where appointment_id = %s", [visit.id]
        )
        await one.deliver()
        await one.run_jobs()
        return await visit.status()

    assert shop(talk) == "confirmed"


@pytest.mark.parametrize("provider", ["stripe"], indirect=True)
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_expiry_told_beside_success_takes_nothing_back(shop, rows, order):
    async def talk(one):
        visit = await paid(one)
        (session,) = one.standin.sessions.values()
        other = {**session, "status": "expired", "payment_status": "unpaid"}
        one.standin._event(f"{one.standin._owner[session['id']]}", "checkout.session.expired", other)
        waiting = list(one.mail)
        for place in order:
            await one.take(waiting[place].url, waiting[place].headers, waiting[place].body)
        await one.run_jobs()
        return await visit.status()

    assert shop(talk) == "confirmed"
    assert rows("payment", "status, refunded_minor") == [("succeeded", 0)]


@pytest.mark.parametrize(
    ("field", "value"),
    [pytest.param("amount", 1, id="another amount"), pytest.param("currency", "usd", id="another currency")],
)
def test_other_money_than_asked_for_confirms_nothing(shop, rows, field, value, provider):
    async def talk(one):
        visit = await one.book()
        url = (await visit.checkout()).json["url"]
        (known,) = (one.standin.sessions if provider == "stripe" else one.standin.transactions).values()
        known["amount_total" if (field, provider) == ("amount", "stripe") else field] = value
        await visit.pay(url)
        await one.settle()
        return await visit.status()

    assert shop(talk) == "pending"
    assert rows("payment", "status") == ["failed"]
    assert "was asked for" in rows("payment", "failure")[0]
    assert rows("appointment", "paid_minor") == [0]


@pytest.mark.parametrize("provider", ["stripe"], indirect=True)
def test_a_payment_that_fails_afterwards_is_told(shop, rows):
    async def talk(one):
        visit = await one.book()
        await visit.checkout()
        ((session_id, session),) = one.standin.sessions.items()
        one.standin._event(one.standin._owner[session_id], "checkout.session.async_payment_failed", session)
        await one.deliver()
        page = await one.client.simulate_get(visit.page)
        return page.text

    assert "did not go through" in shop(talk)
    assert rows("payment", "status") == ["failed"]
    assert "payment.failed" in rows("outbox", "kind", "id")


def test_kinds_and_payments_that_are_not_ours_are_accepted_and_change_nothing(shop, rows, provider):
    async def talk(one):
        await paid(one)
        one.mail.clear()
        (secret,) = one.standin.endpoints
        for kind, reference in (("charge.dispute.create", str(uuid4())), ("charge.success", "order-77")):
            one.standin.tell(secret, {"event": kind, "data": {"id": 1, "reference": reference}})
        if provider == "stripe":
            one.mail.clear()
            strange = {"id": "cs_other", "payment_status": "paid", "client_reference_id": str(uuid4())}
            for kind in ("checkout.session.completed", "customer.created"):
                one.standin._event(secret, kind, strange)
        return await one.deliver()

    assert shop(talk) == [200, 200]
    assert rows("payment", "status") == ["pending"]


@pytest.mark.parametrize("path", ["paypal", "cash"])
def test_an_event_of_a_provider_without_an_account_is_answered_404(shop, path):
    async def talk(one):
        return (await one.client.simulate_post(f"{one.salon.address}/payments/webhooks/{path}", body=b"{}")).status_code

    assert shop(talk) == 404


def test_a_body_without_end_is_refused(shop, provider):
    async def talk(one):
        address = f"{one.salon.address}/payments/webhooks/{provider}"
        return (await one.client.simulate_post(address, body=b"x" * 300_000)).status_code

    assert shop(talk) == 413


@pytest.mark.parametrize("body", [b"[]", b"{}", b"\xff", b'{"id": 1}'])
def test_a_signed_body_of_another_form_is_refused_and_nothing_is_written(shop, rows, body):
    async def talk(one):
        await paid(one)
        ((secret, endpoint),) = one.standin.endpoints.items()
        return (await one.take(endpoint.url, one.standin.sign(body, secret, endpoint), body)).status_code

    assert shop(talk) in (400, 422)
    assert nothing_was_written(rows)


def test_an_event_of_another_tenant_s_account_is_refused(shop, rows, make_salon, admin, provider):
    other = make_salon()

    async def talk(one):
        await paid(one)
        (delivery,) = one.mail
        admin.execute(
            "insert into payment_account (tenant_id, provider, secret, webhook_secret) values (%s, %s, %s, %s)",
            [other.id, provider, *[one.work.vault.seal(f"sk_{secret}" * 4) for secret in "ab"]],
        )
        url = delivery.url.replace(one.salon.slug, other.slug)
        return (await one.take(url, delivery.headers, delivery.body)).status_code

    assert shop(talk) == 400
    assert nothing_was_written(rows)


def test_a_payment_whose_event_never_came_is_asked_for(shop, fault, admin, paid_salon):
    async def talk(one):
        fault(one, "/webhooks", "never")
        visit = await paid(one)
        await jobs.sweep_payments(one.work)
        await one.run_jobs()
        before = await visit.status()
        with admin.transaction():
            admin.execute("set local session_replication_role = replica")  # without the trigger that notes the time
            admin.execute(
                "update payment set created_at = now() - interval '6 min', updated_at = now() - interval '5 min'"
                " where tenant_id = %s",
                [paid_salon.id],
            )
        await jobs.sweep_payments(one.work)
        await one.run_jobs()
        return before, await visit.status()

    assert shop(talk) == ("pending", "confirmed")


def test_a_payment_of_another_shop_is_not_looked_for(shop, rows):
    async def talk(one):
        await jobs.check_payment(one.work, one.salon.id, uuid4())

    shop(talk)

    assert rows("payment", "id") == []


def test_a_payment_that_the_provider_never_heard_of_is_asked_for_once(shop, rows, fault, admin, paid_salon):
    async def talk(one):
        visit = await one.book()
        await visit.checkout()
        admin.execute("update payment set provider_ref = 'unheard' where tenant_id = %s", [paid_salon.id])
        fault(one, "/", "refuse", status=404, body={"message": "unknown", "error": {"message": "unknown"}})
        with pytest.raises(GiveUp):
            await jobs.check_payment(one.work, one.salon.id, rows("payment", "id")[0])

    shop(talk)


def test_a_checkout_that_nobody_pays_expires_by_itself(shop, rows):
    async def talk(one):
        visit = await one.book()
        await visit.checkout()
        one.clock.pass_(minutes=50)
        await jobs.check_payment(one.work, one.salon.id, rows("payment", "id")[0])
        return rows("payment", "status")

    assert shop(talk) == ["expired"]


@pytest.mark.parametrize("provider", ["paystack"], indirect=True)
def test_paystack_s_word_counts_only_once_its_interface_says_the_same(shop):
    async def talk(one):
        visit = await one.book()
        await visit.checkout()
        ((secret, endpoint),) = one.standin.endpoints.items()
        (transaction,) = one.standin.transactions.values()
        lie = json.dumps({"event": "charge.success", "data": {**transaction, "status": "success"}}).encode()
        answer = await one.take(endpoint.url, one.standin.sign(lie, secret, endpoint), lie)
        await one.run_jobs()
        return answer.status_code, await visit.status()

    assert shop(talk) == (200, "pending")


def test_two_different_events_of_one_payment_at_once_deadlock_nobody(shop, rows, provider):
    async def talk(one):
        visits = [await paid(one)]
        (secret,) = one.standin.endpoints
        (known,) = (one.standin.sessions if provider == "stripe" else one.standin.transactions).values()
        for _ in range(6):
            if provider == "stripe":
                one.standin._event(secret, "checkout.session.async_payment_succeeded", known)
            else:
                one.standin.tell(secret, {"event": "charge.success", "data": {**known, "id": one.standin.number()}})
        answers = await one.deliver()
        await asyncio.gather(one.run_jobs(), one.run_jobs())
        return set(answers), await visits[0].status()

    assert shop(talk) == ({200}, "confirmed")
    assert rows("outbox", "kind", "id").count("payment.succeeded") == 1
