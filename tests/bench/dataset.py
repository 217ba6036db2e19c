"""Businesses to measure on: as many employees and visits as a bench asks for, written straight into the tables."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict

OPENS, CLOSES, MINUTES, STEP = 9 * 60, 17 * 60, 30, 15  # every day; minutes since midnight, UTC

_TENANT = "insert into tenant (id, slug, name, time_zone, horizon_days) values (%s, %s, %s, 'UTC', 730)"
_SERVICE = """
insert into service (tenant_id, id, name, duration_minutes, step_minutes, capacity, assignment)
values (%s, %s, 'Visit', %s, %s, %s, %s)
"""
_EMPLOYEES = """
insert into employee (tenant_id, id, name)
select %(tenant)s, gen_random_uuid(), 'Employee ' || n
from generate_series(1, %(count)s) n
returning id
"""
_SKILLS = """
insert into employee_service (tenant_id, employee_id, service_id)
select tenant_id, id, %(service)s from employee where tenant_id = %(tenant)s
"""
_RULES = """
insert into availability_rule (tenant_id, id, employee_id, weekday, opens_minute, closes_minute)
select tenant_id, gen_random_uuid(), id, weekday, %(opens)s, %(closes)s
from employee, generate_series(1, 7) weekday
where tenant_id = %(tenant)s
"""
_CUSTOMER = "insert into customer (tenant_id, id, name, email) values (%s, %s, 'Bench', 'bench@example.org')"
# Each employee gets the same number of visits, one after the other through the opening hours, `share` of all starts
# from `first` on; what does not fit before today lies before it.
_VISITS = """
insert into appointment (
    tenant_id, id, service_id, employee_id, customer_id, starts_at, ends_at, occupied_from, occupied_until
)
select
    %(tenant)s, gen_random_uuid(), %(service)s, e.id, %(customer)s, at, at + %(length)s, at, at + %(length)s
from employee e,
    lateral (
        select day + make_interval(mins => %(opens)s + slot * %(minutes)s) as at
        from generate_series(%(first)s::timestamptz, %(last)s::timestamptz, interval '1 day') day,
            generate_series(0, %(slots)s - 1) slot
    ) starts
where e.tenant_id = %(tenant)s
    and abs(hashtext(e.id::text || at::text)) %% 100 < %(percent)s
"""


@dataclass(frozen=True, kw_only=True)
class Business:
    """One tenant to measure on."""

    id: UUID
    slug: str
    service: UUID
    employees: list[UUID]

    @property
    def path(self) -> str:
        return f"/api/tenants/{self.slug}"

    def searches(self, *, days: int, weeks: int) -> list[str]:
        """Return the addresses that search some days, in each of so many weeks from tomorrow."""
        first = datetime.now(UTC).date() + timedelta(days=1)
        spans = [(first + timedelta(weeks=n), first + timedelta(weeks=n, days=days - 1)) for n in range(weeks)]
        return [f"{self.path}/slots?service={self.service}&from={begin}&to={end}" for begin, end in spans]

    def starts(self, *, days: int, step: int = MINUTES) -> list[datetime]:
        """Return every start of so many days from tomorrow."""
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return [
            midnight + timedelta(days=day, minutes=minute)
            for day in range(1, days + 1)
            for minute in range(OPENS, CLOSES - MINUTES + 1, step)
        ]

    def wishes(self, *, days: int, anyone: bool = False) -> list[str]:
        """Return a body for each start of each employee, employees changing fastest; each from another customer.

        Where `anyone` will do, no employee is named.
        """
        starts = self.starts(days=days)
        return [
            json.dumps(
                {
                    "service": str(self.service),
                    "starts_at": start.isoformat(),
                    "employee": None if anyone else str(employee),
                    "customer": {"name": "Bench", "email": f"bench{number}@example.org"},
                }
            )
            for number, (start, employee) in enumerate((s, e) for s in starts for e in self.employees)
        ]


def connect() -> psycopg.Connection[Any]:
    """Connect to the service's database as the tests' superuser, whom row-level security does not bind."""
    kwargs: dict[str, Any] = conninfo_to_dict(os.environ["BOKA_TEST_DATABASE_URL"])
    return psycopg.connect(**kwargs | {"dbname": "booking"}, autocommit=True)


def make_business(  # noqa: PLR0913  each a size of the data, by name
    conn: psycopg.Connection[Any],
    *,
    employees: int,
    percent_busy: int = 0,
    past_days: int = 0,
    coming_days: int = 60,
    capacity: int = 1,
    assignment: str = "any",
) -> Business:
    """Insert a tenant whose employees are busy to so many percent of their hours; return it."""
    tenant, service, customer = uuid4(), uuid4(), uuid4()
    slug = f"bench-{tenant.hex[:12]}"
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    values = {
        "tenant": tenant, "service": service, "customer": customer, "count": employees, "opens": OPENS,
        "closes": CLOSES, "minutes": MINUTES, "length": timedelta(minutes=MINUTES), "percent": percent_busy,
        "slots": (CLOSES - OPENS) // MINUTES, "first": midnight - timedelta(days=past_days),
        "last": midnight + timedelta(days=coming_days),
    }  # fmt: skip
    with conn.transaction(), conn.cursor() as cur:
        cur.execute(_TENANT, [tenant, slug, slug])
        cur.execute(_SERVICE, [tenant, service, MINUTES, STEP, capacity, assignment])
        ids = [row[0] for row in cur.execute(_EMPLOYEES, values)]
        for statement in (_SKILLS, _RULES):
            cur.execute(statement, values)
        cur.execute(_CUSTOMER, [tenant, customer])
        cur.execute(_VISITS, values)
    conn.execute("analyze appointment, employee, availability_rule, employee_service, service, tenant, customer")
    return Business(id=tenant, slug=slug, service=service, employees=ids)


def add_group(conn: psycopg.Connection[Any], business: Business, *, capacity: int) -> UUID:
    """Insert a group service that all employees perform; return its id."""
    service = uuid4()
    conn.execute(_SERVICE, [business.id, service, MINUTES, STEP, capacity, "any"])
    conn.execute(_SKILLS, {"tenant": business.id, "service": service})
    return service


def write_lines(folder: Path, name: str, lines: list[str]) -> str:
    """Write a file for a script of wrk; return its path."""
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return str(path)
