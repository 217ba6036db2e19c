"""The stand-ins for payment providers speak their protocols: Stripe's own library finds nothing to complain about."""

import time

import httpx
import pytest
import stripe

from standins.checkout import Endpoint
from standins.paystack import Paystack
from standins.server import running
from standins.stripe import Stripe

ORDER = {
    "mode": "payment",
    "success_url": "https://shop.test/back",
    "client_reference_id": "order-1",
    "line_items": [
        {"quantity": 1, "price_data": {"currency": "eur", "unit_amount": 700, "product_data": {"name": "Cut"}}}
    ],
}


@pytest.fixture
def provider():
    sent = []
    standin = Stripe(send=sent.append)
    standin.endpoints["sk_test_1"] = Endpoint("https://shop.test/hook", "whsec_1")
    standin.sent = sent
    with running(standin) as url:
        yield standin, stripe.StripeClient("sk_test_1", base_addresses={"api": url}, max_network_retries=0).v1


def test_a_session_is_paid_told_and_refunded(provider):
    standin, client = provider

    session = client.checkout.sessions.create(ORDER)
    answer = httpx.post(session.url)
    (delivery,) = standin.sent
    event = stripe.Webhook.construct_event(delivery.body, delivery.headers["Stripe-Signature"], "whsec_1")
    paid = client.checkout.sessions.retrieve(session.id)
    refund = client.refunds.create({"payment_intent": paid.payment_intent, "amount": 200})

    assert (answer.status_code, answer.headers["location"]) == (303, "https://shop.test/back")
    assert (event.type, event.data.object["client_reference_id"]) == ("checkout.session.completed", "order-1")
    assert (paid.payment_status, paid.amount_total, refund.status) == ("paid", 700, "succeeded")
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.refunds.create({"payment_intent": paid.payment_intent, "amount": 501})


def test_a_repeated_idempotency_key_does_nothing_twice(provider):
    standin, client = provider

    once = [client.checkout.sessions.create(ORDER, {"idempotency_key": "key-1"}).id for _ in range(2)]

    assert (len(set(once)), len(standin.sessions)) == (1, 1)
    with pytest.raises(stripe.IdempotencyError):
        client.checkout.sessions.create(ORDER | {"client_reference_id": "order-2"}, {"idempotency_key": "key-1"})


@pytest.mark.parametrize("minutes", [29, 24 * 60 + 1])
def test_a_session_lives_between_30_minutes_and_a_day(provider, minutes):
    with pytest.raises(stripe.InvalidRequestError, match="expires_at"):
        provider[1].checkout.sessions.create(ORDER | {"expires_at": int(time.time()) + minutes * 60})


def test_an_expired_session_takes_no_money(provider):
    _, client = provider
    session = client.checkout.sessions.create(ORDER)

    client.checkout.sessions.expire(session.id)

    assert httpx.post(session.url).status_code == 410
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        client.checkout.sessions.expire(session.id)


def test_a_stranger_is_turned_away(provider):
    standin, _ = provider
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient("nonsense", base_addresses={"api": standin.url}).v1.checkout.sessions.create(ORDER)


def test_the_page_has_a_button_that_pays(provider):
    session = provider[1].checkout.sessions.create(ORDER)

    page = httpx.get(session.url).text

    assert "<button>Pay</button>" in page
    assert "700 EUR" in page


def test_paystack_takes_a_reference_once_and_queues_refunds():
    sent = []
    standin = Paystack(send=sent.append)
    standin.endpoints["sk_test_1"] = Endpoint("https://shop.test/hook")
    order = {
        "reference": "r-1",
        "amount": 700,
        "currency": "NGN",
        "email": "z@example.org",
        "callback_url": "https://shop.test",
    }
    with running(standin) as url, httpx.Client(base_url=url, headers={"Authorization": "Bearer sk_test_1"}) as client:
        begun = client.post("/transaction/initialize", json=order).json()
        again = client.post("/transaction/initialize", json=order)
        back = client.post(begun["data"]["authorization_url"])
        seen = client.get("/transaction/verify/r-1").json()["data"]
        refund = client.post("/refund", json={"transaction": "r-1", "amount": 300}).json()["data"]
        much = client.post("/refund", json={"transaction": "r-1", "amount": 500})

    assert (again.status_code, again.json()["message"]) == (400, "Duplicate Transaction Reference")
    assert back.headers["location"] == "https://shop.test?trxref=r-1&reference=r-1"
    assert (seen["status"], seen["amount"], refund["status"]) == ("success", 700, "pending")
    assert (much.status_code, len(sent)) == (400, 2)
