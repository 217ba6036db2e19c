"""Amounts arrive at Stripe in the units it counts in, and come back as ours."""

import pytest

pytestmark = pytest.mark.postgresql


@pytest.mark.parametrize("provider", ["stripe"], indirect=True)
@pytest.mark.parametrize(("currency", "theirs"), [("JPY", 5000), ("ISK", 500_000), ("KWD", 5000), ("EUR", 5000)])
def test_an_amount_in_any_currency_is_paid_and_refunded_whole(shop, admin, paid_salon, rows, currency, theirs):
    admin.execute("update service set currency = %s where tenant_id = %s", [currency, paid_salon.id])

    async def talk(one):
        visit = await one.book()
        await visit.pay()
        await one.settle()
        confirmed = await visit.status()
        await visit.cancel()
        await one.settle()
        (session,), (refund,) = one.standin.sessions.values(), one.standin.refunds.values()
        return confirmed, session["amount_total"], refund["amount"]

    assert shop(talk) == ("confirmed", theirs, theirs)
    assert rows("refund", "amount_minor, status") == [(5000, "succeeded")]
