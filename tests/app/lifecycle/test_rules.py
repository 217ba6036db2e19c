"""What ending a visit costs and whether a customer may move it: over all policies, times and amounts."""

from datetime import timedelta

import pytest
from boka_app.appointments.model import AppointmentStarted
from boka_app.lifecycle import rules
from boka_app.lifecycle.model import AppointmentEnded, MoveRefused, NotBegun
from hypothesis import given
from hypothesis import strategies as st

from app.builders import NOW, visit

MINUTES = st.integers(0, 43_200)
PERCENT = st.integers(0, 100)
MONEY = st.integers(0, 10_000_000)
SECOND = timedelta(seconds=1)


def until(minutes):
    """Return the moment at which a policy of so many minutes ends, for a visit of the builder."""
    return visit().starts_at - timedelta(minutes=minutes)


@given(MINUTES, PERCENT, MONEY)
def test_cancelling_is_free_until_the_policy_ends(minutes, percent, price):
    booked = visit(cancel_until_minutes=minutes, cancel_fee_percent=percent, price_minor=price, paid_minor=price)

    money = rules.cancellation(booked, by="staff", now=until(minutes))

    assert (money.fee_minor, money.refund_minor) == (0, price)


@given(MINUTES, PERCENT, MONEY)
def test_cancelling_costs_the_share_from_the_next_second_on(minutes, percent, price):
    booked = visit(cancel_until_minutes=minutes, cancel_fee_percent=percent, price_minor=price)

    money = rules.cancellation(booked, by="staff", now=until(minutes) + SECOND)

    assert money.fee_minor == price * percent // 100


@given(PERCENT, MONEY, MONEY)
def test_what_goes_back_is_never_more_than_came(percent, price, paid):
    booked = visit(cancel_until_minutes=60, cancel_fee_percent=percent, price_minor=price, paid_minor=paid)

    money = rules.cancellation(booked, by="customer", now=until(30))

    assert 0 <= money.refund_minor <= paid
    assert money.fee_minor + money.refund_minor >= min(paid, price)


@pytest.mark.parametrize(
    ("asked", "changes"),
    [
        pytest.param({"by": "staff", "waive_fee": True}, {}, id="staff waives"),
        pytest.param({"by": "system"}, {}, id="the service itself ends it"),
        pytest.param({"by": "customer"}, {"status": "pending"}, id="never confirmed"),
        pytest.param({"by": "customer"}, {"status": "held"}, id="only held"),
    ],
)
def test_what_costs_nothing_even_late(asked, changes):
    booked = visit(cancel_until_minutes=60, cancel_fee_percent=100, **changes)

    assert rules.cancellation(booked, now=until(1), **asked).fee_minor == 0


def test_a_second_cancellation_answers_the_first_ones_money():
    booked = visit(status="cancelled", fee_minor=300, paid_minor=1000, cancel_fee_percent=50)

    money = rules.cancellation(booked, by="customer", now=until(-60))

    assert (money.fee_minor, money.refund_minor) == (300, 700)


def test_a_customer_cannot_cancel_what_began():
    with pytest.raises(AppointmentStarted):
        rules.cancellation(visit(), by="customer", now=until(0))


@pytest.mark.parametrize("status", ["completed", "no_show", "expired"])
def test_what_is_over_is_not_cancelled(status):
    with pytest.raises(AppointmentEnded):
        rules.cancellation(visit(status=status), by="staff", now=NOW)


@given(PERCENT, MONEY)
def test_staying_away_costs_its_own_share(percent, price):
    money = rules.absence(visit(no_show_fee_percent=percent, price_minor=price), now=until(0))

    assert money.fee_minor == price * percent // 100


def test_nobody_stayed_away_before_the_start():
    with pytest.raises(NotBegun):
        rules.absence(visit(), now=until(0) - SECOND)


@given(MINUTES)
def test_a_customer_moves_until_the_policy_ends(minutes):
    booked = visit(reschedule_until_minutes=minutes + 1)

    rules.check_move(booked, by="customer", now=until(minutes + 1))
    with pytest.raises(MoveRefused):
        rules.check_move(booked, by="customer", now=until(minutes + 1) + SECOND)


@given(st.integers(0, 100), st.integers(0, 200))
def test_a_customer_moves_as_often_as_the_limit_says(limit, moved):
    booked = visit(reschedule_limit=limit, reschedules=moved)

    left = rules.moves_left(booked)

    assert left == max(0, limit - moved)
    assert refuses(booked) == (left == 0)


def refuses(booked):
    try:
        rules.check_move(booked, by="customer", now=NOW)
    except MoveRefused:
        return True
    return False


def test_staff_move_at_any_time():
    late_and_often = visit(reschedule_until_minutes=600, reschedule_limit=0)

    rules.check_move(late_and_often, by="staff", now=until(-30))


@pytest.mark.parametrize("status", ["held", "completed", "cancelled", "expired", "no_show"])
def test_only_what_was_booked_is_moved(status):
    with pytest.raises(AppointmentEnded):
        rules.check_move(visit(status=status), by="staff", now=NOW)
