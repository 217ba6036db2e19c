"""What staff set up of the catalog: each kind of row with its SQL, for `conventions.editing`."""

from datetime import datetime

from boka_app.catalog.model import (
    BlockedSlot,
    DateHours,
    EmployeeSetup,
    Hours,
    NewBlockedSlot,
    NewEmployee,
    NewService,
    ServicePrice,
    ServiceSetup,
    Skill,
    WeeklyHours,
    check_apart,
)
from boka_app.conventions.editing import Belongings, Table

SERVICES = Table(
    kind="service",
    noun="service",
    needs="catalog",
    new=NewService,
    row=ServiceSetup,
    select="""
    select
        id, name, duration_minutes, description, category, position, buffer_before_minutes, buffer_after_minutes,
        step_minutes, price_minor, currency, capacity, assignment, min_notice_minutes, horizon_days, max_per_day,
        payment, deposit_minor, active, version, updated_at
    from service
    where tenant_id = current_tenant()
    """,
    page="""
        and (%(after)s::text is null or (name, id) > (%(after)s::text, %(after_id)s::uuid))
        and (%(search)s::text is null or search @@ search_words(%(search)s::text))
    order by name, id
    limit %(fetch)s
    """,
    insert="""
    insert into service (
        tenant_id, id, name, duration_minutes, description, category, position, buffer_before_minutes,
        buffer_after_minutes, step_minutes, price_minor, currency, capacity, assignment, min_notice_minutes,
        horizon_days, max_per_day, payment, deposit_minor, active
    )
    values (
        current_tenant(), %(id)s, %(name)s, %(duration_minutes)s, %(description)s, %(category)s, %(position)s,
        %(buffer_before_minutes)s, %(buffer_after_minutes)s, %(step_minutes)s, %(price_minor)s, %(currency)s,
        %(capacity)s, %(assignment)s, %(min_notice_minutes)s, %(horizon_days)s, %(max_per_day)s, %(payment)s,
        %(deposit_minor)s, %(active)s
    )
    """,
    update="""
    update service
    set name = %(name)s, duration_minutes = %(duration_minutes)s, description = %(description)s,
        category = %(category)s, position = %(position)s, buffer_before_minutes = %(buffer_before_minutes)s,
        buffer_after_minutes = %(buffer_after_minutes)s, step_minutes = %(step_minutes)s,
        price_minor = %(price_minor)s, currency = %(currency)s, capacity = %(capacity)s,
        assignment = %(assignment)s, min_notice_minutes = %(min_notice_minutes)s, horizon_days = %(horizon_days)s,
        max_per_day = %(max_per_day)s, payment = %(payment)s, deposit_minor = %(deposit_minor)s, active = %(active)s
    where tenant_id = current_tenant() and id = %(id)s
    """,
    delete="delete from service where tenant_id = current_tenant() and id = %(id)s",
)

EMPLOYEES = Table(
    kind="employee",
    noun="employee",
    needs="catalog",
    new=NewEmployee,
    row=EmployeeSetup,
    select="""
    select id, name, email, max_per_day, active, version, updated_at
    from employee
    where tenant_id = current_tenant()
    """,
    page="""
        and (%(after)s::text is null or (name, id) > (%(after)s::text, %(after_id)s::uuid))
        and (%(search)s::text is null or to_tsvector('simple', name) @@ search_words(%(search)s::text))
    order by name, id
    limit %(fetch)s
    """,
    insert="""
    insert into employee (tenant_id, id, name, email, max_per_day, active)
    values (current_tenant(), %(id)s, %(name)s, %(email)s, %(max_per_day)s, %(active)s)
    """,
    update="""
    update employee
    set name = %(name)s, email = %(email)s, max_per_day = %(max_per_day)s, active = %(active)s
    where tenant_id = current_tenant() and id = %(id)s
    """,
    delete="delete from employee where tenant_id = current_tenant() and id = %(id)s",
)

BLOCKED_SLOTS = Table(
    kind="blocked_slot",
    noun="blocked slot",
    needs="catalog",
    new=NewBlockedSlot,
    row=BlockedSlot,
    sorted_by="starts_at",
    sorted_as=datetime,
    select="""
    select id, employee_id, starts_at, ends_at, reason, version
    from blocked_slot
    where tenant_id = current_tenant()
    """,
    page="""
        and (%(after)s::timestamptz is null or (starts_at, id) > (%(after)s::timestamptz, %(after_id)s::uuid))
        and (%(search)s::text is null or to_tsvector('simple', reason) @@ search_words(%(search)s::text))
    order by starts_at, id
    limit %(fetch)s
    """,
    insert="""
    insert into blocked_slot (tenant_id, id, employee_id, starts_at, ends_at, reason)
    values (current_tenant(), %(id)s, %(employee_id)s, %(starts_at)s, %(ends_at)s, %(reason)s)
    """,
    update="""
    update blocked_slot
    set employee_id = %(employee_id)s, starts_at = %(starts_at)s, ends_at = %(ends_at)s, reason = %(reason)s
    where tenant_id = current_tenant() and id = %(id)s
    """,
    delete="delete from blocked_slot where tenant_id = current_tenant() and id = %(id)s",
)

PRICES = Belongings(
    kind="service.prices",
    noun="the prices of a service, for employees and spans of dates",
    owner=SERVICES,
    item=ServicePrice,
    touch="update service set name = name where tenant_id = current_tenant() and id = %(id)s",
    select="""
    select price_minor, employee_id, valid_from, valid_until
    from service_price
    where tenant_id = current_tenant() and service_id = %(id)s
    order by employee_id, valid_from, valid_until, price_minor
    """,
    delete="delete from service_price where tenant_id = current_tenant() and service_id = %(id)s",
    insert="""
    insert into service_price (tenant_id, id, service_id, employee_id, price_minor, valid_from, valid_until)
    select
        current_tenant(), gen_random_uuid(), %(id)s, given.employee_id, given.price_minor, given.valid_from,
        given.valid_until
    from jsonb_to_recordset(%(rows)s)
        as given (employee_id uuid, price_minor integer, valid_from date, valid_until date)
    """,
)

_TOUCH_EMPLOYEE = "update employee set name = name where tenant_id = current_tenant() and id = %(id)s"

SKILLS = Belongings(
    kind="employee.services",
    noun="the services that an employee performs",
    owner=EMPLOYEES,
    item=Skill,
    touch=_TOUCH_EMPLOYEE,
    select="""
    select service_id
    from employee_service
    where tenant_id = current_tenant() and employee_id = %(id)s
    order by service_id
    """,
    delete="delete from employee_service where tenant_id = current_tenant() and employee_id = %(id)s",
    insert="""
    insert into employee_service (tenant_id, employee_id, service_id)
    select distinct current_tenant(), %(id)s::uuid, given.service_id
    from jsonb_to_recordset(%(rows)s) as given (service_id uuid)
    """,
)

WEEK = Belongings(
    kind="employee.hours",
    noun="the weekly hours of an employee",
    owner=EMPLOYEES,
    item=WeeklyHours,
    check=check_apart,
    touch=_TOUCH_EMPLOYEE,
    select="""
    select weekday, opens_minute, closes_minute
    from availability_rule
    where tenant_id = current_tenant() and employee_id = %(id)s
    order by weekday, opens_minute
    """,
    delete="delete from availability_rule where tenant_id = current_tenant() and employee_id = %(id)s",
    insert="""
    insert into availability_rule (tenant_id, id, employee_id, weekday, opens_minute, closes_minute)
    select current_tenant(), gen_random_uuid(), %(id)s, given.weekday, given.opens_minute, given.closes_minute
    from jsonb_to_recordset(%(rows)s) as given (weekday integer, opens_minute integer, closes_minute integer)
    """,
)

DATES = Belongings(
    kind="employee.exceptions",
    noun="the dates with other hours, from yesterday on",
    owner=EMPLOYEES,
    item=DateHours,
    select="""
    select on_date, opens_minute, closes_minute
    from availability_exception
    where tenant_id = current_tenant() and employee_id = %(id)s and on_date >= current_date - 1
    order by on_date, opens_minute
    limit 1000
    """,
)

ONE_DATE = Belongings(
    kind="employee.exceptions",
    noun="the hours of one date; none closes it, removing them lets the weekly ones count again",
    owner=EMPLOYEES,
    item=Hours,
    check=check_apart,
    removable=True,
    touch=_TOUCH_EMPLOYEE,
    select="""
    select opens_minute, closes_minute
    from availability_exception
    where tenant_id = current_tenant() and employee_id = %(id)s and on_date = %(on_date)s
    order by opens_minute
    """,
    delete="""
    delete from availability_exception
    where tenant_id = current_tenant() and employee_id = %(id)s and on_date = %(on_date)s
    """,
    insert="""
    insert into availability_exception (tenant_id, id, employee_id, on_date, opens_minute, closes_minute)
    select current_tenant(), gen_random_uuid(), %(id)s, %(on_date)s, given.opens_minute, given.closes_minute
    from jsonb_to_recordset(
        case when %(rows)s = '[]' then '[{"opens_minute": 0, "closes_minute": 0}]' else %(rows)s end
    ) as given (opens_minute integer, closes_minute integer)
    """,
)
