"""What staff set up of the catalog: each kind of row, and the lists that belong to one with their SQL."""

from boka_app.catalog import model
from boka_app.conventions.editing import Belongings
from boka_app.conventions.table import Table

SERVICES = Table(
    kind="service",
    needs="catalog",
    row=model.ServiceSetup,
    new=model.NewService,
    search="search @@ search_words(%(search)s::text)",
)

EMPLOYEES = Table(
    kind="employee",
    needs="catalog",
    row=model.EmployeeSetup,
    new=model.NewEmployee,
    search="to_tsvector('simple', name) @@ search_words(%(search)s::text)",
)

BLOCKED_SLOTS = Table(
    kind="blocked_slot",
    noun="blocked slot",
    needs="catalog",
    row=model.BlockedSlot,
    new=model.NewBlockedSlot,
    sorted_by="starts_at",
    search="to_tsvector('simple', reason) @@ search_words(%(search)s::text)",
)

PRICES = Belongings(
    kind="service.prices",
    noun="the prices of a service, for employees and spans of dates",
    owner=SERVICES,
    item=model.ServicePrice,
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

SKILLS = Belongings(
    kind="employee.services",
    noun="the services that an employee performs",
    owner=EMPLOYEES,
    item=model.Skill,
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
    item=model.WeeklyHours,
    check=model.check_apart,
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
    item=model.DateHours,
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
    item=model.Hours,
    check=model.check_apart,
    removable=True,
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
