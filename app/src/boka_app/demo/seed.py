"""Make the tenant `demo`: what it offers, who works when, at what prices. Doing it again changes nothing."""

from datetime import date
from typing import Any, LiteralString
from uuid import UUID, uuid5

import psycopg

_NAMESPACE = UUID("6b0f7f0e-1c1b-5d0a-9f43-2f5d3c9a7e10")  # ids are made from names, so a second run finds the first
SLUG, OWNER = "demo", "owner@demo.test"
# Name, minutes, buffers before and after, step, price in cents, seats, who takes it, what is paid before, deposit.
_SERVICES = (
    ("Haircut", 45, 0, 10, 15, 3900, 1, "any", "none", 0),
    ("Colour and cut", 120, 0, 15, 30, 11500, 1, "any", "deposit", 3000),
    ("Beard trim", 20, 0, 5, 15, 1900, 1, "round_robin", "none", 0),
    ("Plaiting workshop", 90, 15, 15, 90, 2500, 8, "any", "none", 0),
)
_HOURS = {  # weekdays, and the spans in minutes since local midnight
    "Ada": ((1, 2, 3, 4, 5), ((540, 720), (780, 1020))),
    "Bela": ((2, 3, 4, 5, 6), ((600, 1140),)),
    "Cleo": ((1, 3, 5), ((480, 960),)),
}
_CAN = {"Ada": (0, 1, 2), "Bela": (0, 2), "Cleo": (0, 1, 3)}
_CLOSED = ((1, 1), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31))  # month and day
_PRICES = (("Haircut", "Ada", 4500),)  # for one employee, in cents

_TENANT: LiteralString = """
insert into tenant (
    id, slug, name, time_zone, currency, contact_email, min_notice_minutes, horizon_days, hold_minutes,
    cancel_until_minutes, cancel_fee_percent, reschedule_until_minutes, reschedule_limit, no_show_fee_percent
)
values (
    %(id)s, %(slug)s, 'Salon Morgenstern', 'Europe/Berlin', 'EUR', 'salon@demo.test', 30, 120, 10, 1440, 50, 720, 3, 100
)
on conflict do nothing
"""
_SERVICE: LiteralString = """
insert into service (
    tenant_id, id, position, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, step_minutes,
    price_minor, capacity, assignment, payment, deposit_minor
)
values (current_tenant(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict do nothing
"""
_EMPLOYEE: LiteralString = (
    "insert into employee (tenant_id, id, name) values (current_tenant(), %s, %s) on conflict do nothing"
)
_SKILL: LiteralString = """
insert into employee_service (tenant_id, employee_id, service_id)
values (current_tenant(), %s, %s)
on conflict do nothing
"""
_RULE: LiteralString = """
insert into availability_rule (tenant_id, id, employee_id, weekday, opens_minute, closes_minute)
values (current_tenant(), %s, %s, %s, %s, %s)
on conflict do nothing
"""
_EXCEPTION: LiteralString = """
insert into availability_exception (tenant_id, id, employee_id, on_date, opens_minute, closes_minute)
values (current_tenant(), %s, %s, %s, 0, 0)
on conflict do nothing
"""
_PRICE: LiteralString = """
insert into service_price (tenant_id, id, service_id, employee_id, price_minor)
values (current_tenant(), %s, %s, %s, %s)
on conflict do nothing
"""
_ACCOUNT: LiteralString = """
insert into account (id, email, name, password_hash)
values (%(id)s, %(email)s, 'Owner of the demo', %(hash)s)
on conflict do nothing
"""
_MEMBER: LiteralString = """
insert into membership (tenant_id, account_id, role)
select current_tenant(), id, 'owner' from account where email = %(email)s
on conflict do nothing
"""


def seed(
    conn: psycopg.Connection[Any], *, today: date | None = None, password_hash: str | None = None
) -> dict[str, int]:
    """Insert what is missing, in one transaction; return how many rows of each kind were new.

    Closed days are those of this year and the next. With a hash there is an owner who can log in; one who is there
    already keeps the password.
    """
    year = (today or date.today()).year  # noqa: DTZ011  near new year either will do
    tenant_id = _id(SLUG)
    services = [(_id("service", row[0]), position, *row) for position, row in enumerate(_SERVICES)]
    skills = [(_id("employee", who), _id("service", _SERVICES[n][0])) for who, can in _CAN.items() for n in can]
    prices = [(_id("price", s, who), _id("service", s), _id("employee", who), cents) for s, who, cents in _PRICES]
    with conn.transaction(), conn.cursor() as cur:
        cur.execute("select set_config('app.tenant_id', %s, true)", [str(tenant_id)])
        new = {"tenant": cur.execute(_TENANT, {"id": tenant_id, "slug": SLUG}).rowcount}
        new["service"] = _insert(cur, _SERVICE, services)
        new["employee"] = _insert(cur, _EMPLOYEE, [(_id("employee", name), name) for name in _HOURS])
        new["employee_service"] = _insert(cur, _SKILL, skills)
        new["availability_rule"] = _insert(cur, _RULE, _rules())
        new["availability_exception"] = _insert(cur, _EXCEPTION, _exceptions((year, year + 1)))
        new["service_price"] = _insert(cur, _PRICE, prices)
        if password_hash is not None:
            owner = {"id": _id("account", OWNER), "email": OWNER, "hash": password_hash}
            new["account"] = cur.execute(_ACCOUNT, owner).rowcount
            new["membership"] = cur.execute(_MEMBER, owner).rowcount
    return new


def _rules() -> list[tuple[Any, ...]]:
    return [
        (_id("rule", who, str(weekday), str(opens)), _id("employee", who), weekday, opens, closes)
        for who, (weekdays, spans) in _HOURS.items()
        for weekday in weekdays
        for opens, closes in spans
    ]


def _exceptions(years: tuple[int, ...]) -> list[tuple[Any, ...]]:
    return [
        (_id("closed", who, day.isoformat()), _id("employee", who), day)
        for who in _HOURS
        for year in years
        for day in (date(year, *month_and_day) for month_and_day in _CLOSED)
    ]


def _insert(cur: psycopg.Cursor[Any], statement: LiteralString, rows: list[tuple[Any, ...]]) -> int:
    return sum(cur.execute(statement, row).rowcount for row in rows)


def _id(*words: str) -> UUID:
    return uuid5(_NAMESPACE, "/".join(words))
