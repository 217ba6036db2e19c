"""What the clock does, in every tenant."""

from datetime import timedelta

import pytest
from boka_app.lifecycle import jobs

from app.builders import NOW, at

pytestmark = pytest.mark.postgresql


def test_holds_that_are_over_expire_in_every_tenant(carry_out, make_salon, put_row, see):
    held = [put_row(make_salon(), status="held", expires_at=NOW) for _ in range(2)]

    carry_out(jobs.expire_appointments)

    assert [see(each) for each in held] == ["expired", "expired"]


def test_more_holds_than_one_transaction_takes_expire_all(carry_out, salon, put_row, admin):
    for number in range(101):
        put_row(salon, at(10) + timedelta(hours=number), status="held", expires_at=NOW)

    carry_out(jobs.expire_appointments)

    left = admin.execute("select count(*) from appointment where tenant_id = %s and status = 'held'", [salon.id])
    assert left.fetchone() == (0,)


def test_keys_are_forgotten_after_two_days(carry_out, salon, admin):
    for key, hours in [("just-kept-key", 47), ("forgotten-key", 49)]:
        admin.execute(
            "insert into idempotency_key (tenant_id, key, fingerprint, created_at) values (%s, %s, '', %s)",
            [salon.id, key, NOW - timedelta(hours=hours)],
        )

    carry_out(jobs.forget_idempotency_keys)

    left = admin.execute("select key from idempotency_key where tenant_id = %s", [salon.id])
    assert left.fetchall() == [("just-kept-key",)]
