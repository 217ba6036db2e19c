"""Make the tenant `demo`: three services, three people, opening hours. Doing it again changes nothing."""

from typing import Any
from uuid import UUID, uuid5

import psycopg

_NAMESPACE = UUID("6b0f7f0e-1c1b-5d0a-9f43-2f5d3c9a7e10")  # ids are made from names, so a second run finds the first
SLUG = "demo"
_SERVICES = (  # name, minutes, buffers before and after, step, price in cents
    ("Haircut", 45, 0, 10, 15, 3900),
    ("Colour and cut", 120, 0, 15, 30, 11500),
    ("Beard trim", 20, 0, 5, 15, 1900),
)
_HOURS = {  # weekdays, and the spans in minutes since local midnight
    "Ada": ((1, 2, 3, 4, 5), ((540, 720), (780, 1020))),
    "Bela": ((2, 3, 4, 5, 6), ((600, 1140),)),
    "Cleo": ((1, 3, 5), ((480, 960),)),
}
_CAN = {"Ada": (0, 1, 2), "Bela": (0, 2), "Cleo": (0, 1)}

_TENANT = """
insert into tenant (id, slug, name, time_zone, min_notice_minutes, horizon_days)
values (%(id)s, %(slug)s, 'Salon Morgenstern', 'Europe/Berlin', 30, 120)
on conflict do nothing
"""
_SERVICE = """
insert into service (
    tenant_id, id, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, step_minutes, price_minor
)
values (current_tenant(), %s, %s, %s, %s, %s, %s, %s)
on conflict do nothing
"""
_EMPLOYEE = "insert into employee (tenant_id, id, name) values (current_tenant(), %s, %s) on conflict do nothing"
_SKILL = """
insert into employee_service (tenant_id, employee_id, service_id)
values (current_tenant(), %s, %s)
on conflict do nothing
"""
_RULE = """
insert into availability_rule (tenant_id, id, employee_id, weekday, opens_minute, closes_minute)
values (current_tenant(), %s, %s, %s, %s, %s)
on conflict do nothing
"""


def seed(conn: psycopg.Connection[Any]) -> dict[str, int]:
    """Insert what is missing, in one transaction; return how many rows of each kind were new."""
    with conn.transaction(), conn.cursor() as cur:
        tenant_id = _id(SLUG)
        cur.execute("select set_config('app.tenant_id', %s, true)", [str(tenant_id)])
        new = {"tenant": cur.execute(_TENANT, {"id": tenant_id, "slug": SLUG}).rowcount}
        new["service"] = _insert(cur, _SERVICE, [(_id("service", row[0]), *row) for row in _SERVICES])
        new["employee"] = _insert(cur, _EMPLOYEE, [(_id("employee", name), name) for name in _HOURS])
        skills = [(_id("employee", who), _id("service", _SERVICES[n][0])) for who, can in _CAN.items() for n in can]
        new["employee_service"] = _insert(cur, _SKILL, skills)
        new["availability_rule"] = _insert(cur, _RULE, _rules())
    return new


def _rules() -> list[tuple[Any, ...]]:
    return [
        (_id("rule", who, str(weekday), str(opens)), _id("employee", who), weekday, opens, closes)
        for who, (weekdays, spans) in _HOURS.items()
        for weekday in weekdays
        for opens, closes in spans
    ]


def _insert(cur: psycopg.Cursor[Any], statement: Any, rows: list[tuple[Any, ...]]) -> int:  # noqa: ANN401
    return sum(cur.execute(statement, row).rowcount for row in rows)


def _id(*words: str) -> UUID:
    return uuid5(_NAMESPACE, "/".join(words))
