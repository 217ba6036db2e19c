"""Each event becomes its jobs once, whoever else relays and whatever fails."""

import asyncio
from uuid import uuid4

import pytest
from boka_app.database import make_pool
from boka_app.webhooks.jobs import fan_out
from boka_app.worker import relay as module
from boka_app.worker.relay import relay
from psycopg.types.json import Jsonb

pytestmark = pytest.mark.postgresql


async def note(work, event): ...


@pytest.fixture(autouse=True)
def registered(jobs, admin):
    admin.execute("delete from outbox_pending")
    admin.execute("delete from procrastinate_jobs")
    jobs(on_event=(("appointment.*", note),))


def tell(admin, salon, count, kind="appointment.booked"):
    for _ in range(count):
        admin.execute(
            "insert into outbox (tenant_id, kind, subject_id, payload) values (%s, %s, %s, %s)",
            [salon.id, kind, uuid4(), Jsonb({})],
        )


def queued(admin):
    return [row[0]["event_id"] for row in admin.execute("select args from procrastinate_jobs order by id").fetchall()]


def relayed(database, *, relays=1, rounds=1):
    async def whole():
        async with make_pool(database.as_role("booking_app"), max_size=relays) as pool:
            rows = [await asyncio.gather(*(relay(pool) for _ in range(relays))) for _ in range(rounds)]
            return [count for row in rows for count in row]

    return asyncio.run(whole())


def test_an_event_becomes_the_jobs_of_its_kind(database, admin, salon):
    tell(admin, salon, 2)
    tell(admin, salon, 1, kind="payment.failed")

    assert relayed(database) == [3]
    assert len(queued(admin)) == 2
    assert relayed(database) == [0]


@pytest.mark.parametrize(
    ("changes", "jobs_made"),
    [
        pytest.param({}, 1, id="wanted"),
        pytest.param({"kinds": ["payment.failed"]}, 0, id="another kind is"),
        pytest.param({"active": False}, 0, id="not now"),
        pytest.param({"secret": None}, 0, id="nothing could be signed"),
    ],
)
def test_deliveries_are_ordered_only_for_an_endpoint_that_wants_them(database, admin, salon, jobs, changes, jobs_made):
    jobs(on_event=(("*", fan_out),))
    endpoint = {"kinds": [], "active": True, "secret": b"x"} | changes
    admin.execute(
        "insert into webhook_endpoint (tenant_id, id, url, kinds, active, secret)"
        " values (%(tenant)s, %(id)s, 'https://example.org', %(kinds)s, %(active)s, %(secret)s)",
        endpoint | {"tenant": salon.id, "id": uuid4()},
    )
    tell(admin, salon, 1)

    assert relayed(database) == [1]
    assert len(queued(admin)) == jobs_made


def test_several_relays_at_once_take_each_event_once(database, admin, make_salon):
    first, second = make_salon(), make_salon()
    tell(admin, first, 500)
    tell(admin, second, 500)

    taken = relayed(database, relays=4, rounds=6)

    ids = [row[0] for row in admin.execute("select id from outbox where tenant_id = any(%s)", [[first.id, second.id]])]
    assert sum(taken) == 1000
    assert sorted(queued(admin)) == sorted(ids)


def test_a_relay_that_fails_leaves_its_events_to_the_next(database, admin, salon, monkeypatch):
    tell(admin, salon, 3)

    async def killed(*_):
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(module, "defer_many", killed)
        with pytest.raises(RuntimeError):
            relayed(database)

    assert (queued(admin), relayed(database)) == ([], [3])
    assert len(queued(admin)) == 3
