"""What the providers' own rules ask of us: signatures, units of currencies, and their library against our stand-in."""

import pytest
import stripe
from boka_app.payments.model import PaymentsUnavailable, SignatureInvalid
from boka_app.payments.paystack import Paystack
from boka_app.payments.stripe import Stripe, verify
from hypothesis import given
from hypothesis import strategies as st

from app.builders import NOW

STAMP = int(NOW.timestamp())


@given(st.text(min_size=1).filter(lambda text: text.isprintable()), st.text("abcdef0123456789", min_size=8))
def test_a_body_signed_by_stripe_s_library_passes(body, secret):
    header = stripe.WebhookSignature.generate_signature_header(body, secret, STAMP)

    verify(header, body.encode(), secret=secret, now=NOW)


@given(st.binary(min_size=1), st.integers(0), st.integers(0, 7))
def test_a_body_with_one_bit_changed_does_not(body, place, bit):
    header = stripe.WebhookSignature.generate_signature_header(body.hex(), "whsec_test", STAMP)
    changed = bytearray(body.hex().encode())
    changed[place % len(changed)] ^= 1 << bit

    with pytest.raises(SignatureInvalid):
        verify(header, bytes(changed), secret="whsec_test", now=NOW)


def test_while_a_secret_is_replaced_one_of_two_signatures_is_enough():
    one = stripe.WebhookSignature.generate_signature_header("{}", "whsec_old", STAMP)
    two = stripe.WebhookSignature.generate_signature_header("{}", "whsec_new", STAMP).partition(",")[2]

    verify(f"{one},{two}", b"{}", secret="whsec_new", now=NOW)


def test_an_account_without_a_webhook_secret_believes_nothing():
    header = stripe.WebhookSignature.generate_signature_header("{}", "", STAMP)

    with pytest.raises(SignatureInvalid):
        verify(header, b"{}", secret="", now=NOW)


@pytest.mark.parametrize(
    ("provider", "amount", "currency"),
    [
        pytest.param(Stripe, 1, "UGX", id="Stripe's own pages disagree on its digits"),
        pytest.param(Stripe, 1, "MGA", id="a currency of fifths"),
        pytest.param(Stripe, 1234, "KWD", id="Stripe wants the third digit to be 0"),
        pytest.param(Paystack, 1, "EUR", id="not at Paystack"),
        pytest.param(Paystack, 1, "XOF", id="its digits at Paystack are not established"),
    ],
)
def test_currencies_that_are_not_taken(provider, amount, currency):
    with pytest.raises(PaymentsUnavailable):
        provider.check(amount, currency)


@pytest.mark.parametrize(("amount", "currency"), [(500, "JPY"), (500, "EUR"), (1230, "KWD"), (5, "ISK")])
def test_currencies_that_stripe_takes(amount, currency):
    Stripe.check(amount, currency)
