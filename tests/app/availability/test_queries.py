"""The plan of the slot search on a table of ordinary size."""

import pytest

from app.builders import MONDAY, NOW

pytestmark = pytest.mark.postgresql

_VISITS = """
insert into appointment (
    tenant_id, id, service_id, employee_id, customer_id, starts_at, ends_at, occupied_from, occupied_until
)
select
    %(tenant)s, gen_random_uuid(), %(service)s, employee, %(customer)s,
    moment, moment + interval '30 min', moment, moment + interval '30 min'
from unnest(%(employees)s::uuid[]) as employee,
    generate_series(timestamptz '2026-08-01Z', '2027-03-01Z', interval '1 hour') as moment
where extract(hour from moment) between 8 and 20
order by random()  -- as visits are booked: not in the order of their times
"""


def test_the_slot_search_reads_an_employees_week_from_the_index_within_50_pages(database, make_salon, admin):
    salon = make_salon(people=5)
    customer = admin.execute(
        "insert into customer (tenant_id, id, name, email) values (%s, gen_random_uuid(), 'A', 'a@b.cd') returning id",
        [salon.id],
    ).fetchone()[0]
    facts = {"tenant": salon.id, "service": salon.service_id, "employees": salon.employee_ids, "customer": customer}
    admin.execute(_VISITS, facts)
    admin.execute("vacuum analyze appointment")
    plans = []

    with database.connect() as conn:
        conn.add_notice_handler(lambda notice: plans.append(notice.message_primary))
        conn.execute("load 'auto_explain'")
        for option in ("log_nested_statements = on", "log_min_duration = 0", "log_analyze = on", "log_buffers = on"):
            conn.execute(f"set auto_explain.{option}")
        conn.execute("set role booking_app")
        conn.execute("set client_min_messages = log")
        conn.execute(
            "select get_optimized_availability(%s, %s, %s, null, 5, %s)", [salon.id, MONDAY, salon.service_id, NOW]
        )

    plan = next(plan for plan in plans if "array_agg(cells(" in plan)
    scan = next(line for line in plan.splitlines() if "Scan using" in line)
    pages = int(plan.partition("Buffers: shared hit=")[2].split()[0])
    assert "appointment_busy" in scan
    assert pages < 50
