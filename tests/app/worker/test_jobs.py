"""What is old goes, and only that."""

from uuid import uuid4

import pytest
from boka_app.worker.jobs import clean_up

from app.jobs import run_clock

pytestmark = pytest.mark.postgresql


def ended_job(admin, status, age):
    (number,) = admin.execute(
        "insert into procrastinate_jobs (queue_name, task_name, status) values ('default', 'aged', %s) returning id",
        [status],
    ).fetchone()
    admin.execute(
        "insert into procrastinate_events (job_id, type, at) values (%s, 'started', now() - %s::interval)",
        [number, age],
    )


def test_jobs_events_and_deliveries_go_when_they_are_old(database, admin, salon):
    for status, age in (("succeeded", "4 days"), ("succeeded", "2 days"), ("failed", "4 days"), ("failed", "31 days")):
        ended_job(admin, status, age)
    endpoint = uuid4()
    admin.execute(
        "insert into webhook_endpoint (tenant_id, id, url) values (%s, %s, 'https://example.org/')",
        [salon.id, endpoint],
    )
    for age in ("31 days", "29 days"):
        admin.execute(
            "with event as ("
            " insert into outbox (tenant_id, kind, subject_id, at)"
            " values (%s, 'x.y', %s, now() - %s::interval) returning id"
            ") insert into webhook_delivery (tenant_id, id, endpoint_id, outbox_id) select %s, %s, %s, id from event",
            [salon.id, uuid4(), age, salon.id, uuid4(), endpoint],
        )
        admin.execute(
            "insert into payment_event (tenant_id, provider, event_id, kind, received_at)"
            " values (%s, 'stripe', %s, 'x', now() - %s::interval)",
            [salon.id, age, age],
        )

    run_clock(database, clean_up)

    def left(query):
        return admin.execute(query, [salon.id]).fetchone()[0]

    jobs = admin.execute("select status::text from procrastinate_jobs where task_name = 'aged' order by id").fetchall()
    assert [row[0] for row in jobs] == ["succeeded", "failed"]
    assert left("select count(*) from outbox where tenant_id = %s") == 1
    assert left("select count(*) from webhook_delivery where tenant_id = %s") == 1
    assert left("select string_agg(event_id, ',') from payment_event where tenant_id = %s") == "29 days"
