"""A tenant's own account at a provider: its secrets go in, lie encrypted, and never come out."""

import pytest

pytestmark = pytest.mark.postgresql
STRIPE = {"secret": "sk_test_abcdefgh", "webhook_secret": "whsec_abcdefgh"}


def test_an_account_is_set_up_read_changed_and_removed(ask):
    made = ask("PUT", "payments/accounts/stripe", STRIPE)
    read = ask("GET", "payments/accounts/stripe")
    changed = ask("PUT", "payments/accounts/stripe", STRIPE | {"active": False}, match=read.headers["etag"])
    removed = ask("DELETE", "payments/accounts/stripe", match=changed.headers["etag"])
    gone = ask("GET", "payments/accounts/stripe")

    assert [answer.status_code for answer in (made, read, changed, removed, gone)] == [200, 200, 200, 204, 404]
    assert (read.json["active"], changed.json["active"]) == (True, False)
    assert read.json["webhook_url"].endswith("/payments/webhooks/stripe")


def test_secrets_lie_encrypted_and_are_answered_to_nobody(ask, admin, salon):
    answers = [ask("PUT", "payments/accounts/stripe", STRIPE), ask("GET", "payments/accounts/stripe")]

    row = admin.execute(
        "select secret, webhook_secret from payment_account where tenant_id = %s", [salon.id]
    ).fetchone()
    audited = admin.execute("select detail::text from audit where tenant_id = %s", [salon.id]).fetchall()
    assert not any("abcdefgh" in text for text in [*(answer.text for answer in answers), str(row), str(audited)])


def test_only_one_account_takes_money(ask, admin, salon):
    ask("PUT", "payments/accounts/stripe", STRIPE)
    ask("PUT", "payments/accounts/paystack", {"secret": "sk_test_abcdefgh"})

    found = admin.execute("select provider from payment_account where tenant_id = %s and active", [salon.id])
    assert found.fetchall() == [("paystack",)]


@pytest.mark.parametrize(
    ("path", "body", "status", "problem"),
    [
        pytest.param("stripe", {"secret": "sk_test_abcdefgh"}, 422, "webhook-secret-missing", id="no webhook secret"),
        pytest.param("paypal", STRIPE, 404, "payment-account-unknown", id="another provider"),
        pytest.param("stripe", STRIPE | {"secret": "short"}, 422, "body-invalid", id="a secret too short"),
        pytest.param("stripe", STRIPE | {"secret": "sk test abcdefgh"}, 422, "body-invalid", id="a secret with spaces"),
    ],
)
def test_what_is_no_account_is_refused(ask, path, body, status, problem):
    answer = ask("PUT", f"payments/accounts/{path}", body)

    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{problem}")


@pytest.mark.parametrize(("match", "status"), [({}, 428), ({"match": '"7"'}, 412)])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_change_names_the_version_it_is_meant_for(ask, method, match, status):
    ask("PUT", "payments/accounts/stripe", STRIPE)

    assert ask(method, "payments/accounts/stripe", STRIPE, **match).status_code == status


@pytest.mark.parametrize("role", ["manager", "staff", "read_only"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_accounts_are_the_owner_s_matter(ask, method, role):
    assert ask(method, "payments/accounts/stripe", STRIPE, role=role).status_code == 403


@pytest.mark.parametrize("provider", ["stripe"], indirect=True)
def test_an_account_with_money_on_its_way_stays(shop, staff):
    async def talk(one):
        await (await one.book()).checkout()
        headers = staff(one.salon, "owner") | {"If-Match": "*"}
        return await one.client.simulate_delete(f"{one.salon.address}/payments/accounts/stripe", headers=headers)

    answer = shop(talk)

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/payment-account-in-use")
