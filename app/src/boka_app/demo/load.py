"""Fill tables for a measurement: many tenants, employees and appointments, by statements that each write thousands.

Past and future visits lie side by side in 30-minute cells of each employee's days, so that no two overlap.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg

_CELLS = 20  # half hours of a day from 08:00 UTC on; one in four stays free
_BOOKED = 15
_BATCH = 20_000  # rows a statement: under the 2 s that one may take
_AHEAD = 60  # of an employee's days, so many lie in the future

_TENANT: LiteralString = """
insert into tenant (id, slug, name, time_zone, horizon_days) values (%(id)s, %(slug)s, %(slug)s, 'UTC', 120)
"""
_CATALOG: tuple[LiteralString, ...] = (
    """
insert into service (tenant_id, id, name, duration_minutes, step_minutes)
values (current_tenant(), %(service)s, 'Visit', 30, 30)
""",
    """
insert into customer (tenant_id, id, name, email)
values (current_tenant(), %(customer)s, 'Load', 'load@example.org')
""",
    """
insert into employee (tenant_id, id, name)
select current_tenant(), gen_random_uuid(), 'Employee ' || n from generate_series(1, %(employees)s) n
""",
    """
insert into employee_service (tenant_id, employee_id, service_id)
select tenant_id, id, %(service)s from employee where tenant_id = current_tenant()
""",
    """
insert into availability_rule (tenant_id, id, employee_id, weekday, opens_minute, closes_minute)
select tenant_id, gen_random_uuid(), id, weekday, 480, 1080
from employee cross join generate_series(1, 7) weekday
where tenant_id = current_tenant()
""",
)
# Visit n of a tenant: the employees take turns, each one's visits fill the cells of one day after the other.
_APPOINTMENTS: LiteralString = """
insert into appointment (
    tenant_id, id, service_id, employee_id, customer_id, starts_at, ends_at, occupied_from, occupied_until, status
)
select
    current_tenant(), gen_random_uuid(), %(service)s, people.ids[1 + n %% %(employees)s], %(customer)s,
    cell.at, cell.at + interval '30 minutes', cell.at, cell.at + interval '30 minutes',
    case when cell.at < %(now)s then 'completed' else 'confirmed' end
from
    (select array_agg(id order by id) as ids from employee where tenant_id = current_tenant()) people
    cross join generate_series(%(first)s::bigint, %(last)s::bigint) n
    cross join lateral (
        select %(midnight)s
            + make_interval(
                days => (%(ahead)s - n / %(employees)s / %(booked)s)::integer,
                mins => (480 + 30 * ((n / %(employees)s %% %(booked)s) * %(cells)s / %(booked)s))::integer
            ) as at
    ) cell
"""


def load(
    conn: psycopg.Connection[Any],
    *,
    tenants: int,
    employees: int,
    appointments: int,
    now: datetime,
    tell: Callable[[int], None] = lambda _: None,
) -> list[str]:
    """Insert so many tenants with so many employees each, and appointments spread over all; return the slugs.

    Each batch commits; `tell` hears how many appointments there are after it.
    """
    slugs: list[str] = []
    shares = [appointments // tenants + (number < appointments % tenants) for number in range(tenants)]
    done = 0
    for share in shares:
        tenant_id = uuid4()
        slugs.append(f"load-{tenant_id.hex[:12]}")
        values = _values(tenant_id, slugs[-1], employees, now)
        with conn.transaction():
            _enter(conn, tenant_id)
            for statement in (_TENANT, *_CATALOG):
                conn.execute(statement, values)
        for first in range(0, share, _BATCH):
            last = min(first + _BATCH, share) - 1
            with conn.transaction():
                _enter(conn, tenant_id)
                conn.execute(_APPOINTMENTS, values | {"first": first, "last": last})
            done += last - first + 1
            tell(done)
    return slugs


def _enter(conn: psycopg.Connection[Any], tenant_id: UUID) -> None:
    conn.execute("select set_config('app.tenant_id', %s, true)", [str(tenant_id)])


def _values(tenant_id: UUID, slug: str, employees: int, now: datetime) -> dict[str, Any]:
    sizes = {"employees": employees, "ahead": _AHEAD, "booked": _BOOKED, "cells": _CELLS}
    times = {"now": now, "midnight": now.replace(hour=0, minute=0, second=0, microsecond=0)}
    return sizes | times | {"id": tenant_id, "slug": slug, "service": uuid4(), "customer": uuid4()}
