"""Add up the rows of days, services and employees into what a dashboard shows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from boka_app.analytics.model import Dashboard, DayFigures, EmployeeFigures, Figures, Offer, Row, ServiceFigures, Worker
from boka_app.availability.model import RangeInvalid
from boka_app.tenants.model import Tenant

MAX_DAYS = 366
_SUMS = Figures.__struct_fields__


def span(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """Return the asked range; without a bound, the thirty days up to the last one or to today."""
    until = last or today
    return first or date.fromordinal(max(1, until.toordinal() - 29)), until


def dates(first: date, last: date) -> list[date]:
    """Return every date of a range.

    Raises:
        RangeInvalid: it is empty, or longer than a year.
    """
    days = (last - first).days + 1
    if not 1 <= days <= MAX_DAYS or last.year > date.max.year - 1:
        raise RangeInvalid(f"from {first} to {last} is {days} days; ask for 1 to {MAX_DAYS}")
    return [first + timedelta(days=n) for n in range(days)]


def dashboard(
    tenant: Tenant,
    days: Sequence[date],
    rows: Sequence[Row],
    *,
    workers: Iterable[Worker],
    offers: Iterable[Offer],
    new_customers: int,
) -> Dashboard:
    """Return the dashboard: every day, also one without a visit; services and employees, the busiest first."""
    totals = Figures(**_sums(rows))
    of_day, of_service, of_employee = (_grouped(rows, name) for name in ("day", "service_id", "employee_id"))
    services = [ServiceFigures(service=each.id, name=each.name, **_sums(of_service[each.id])) for each in offers]
    employees = [_employee(worker, of_employee[worker.id]) for worker in workers]
    return Dashboard(
        first=days[0],
        last=days[-1],
        time_zone=tenant.time_zone,
        currency=tenant.currency,
        totals=totals,
        no_show_rate=_part(totals.no_shows, totals.completed + totals.no_shows),
        new_customers=new_customers,
        days=[DayFigures(day=day, **_sums(of_day[day])) for day in days],
        services=sorted(services, key=lambda s: (-s.appointments, s.name)),
        employees=sorted(employees, key=lambda e: (-e.busy_minutes, e.name)),
    )


def _grouped(rows: Sequence[Row], name: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return found


def _employee(worker: Worker, rows: Sequence[Row]) -> EmployeeFigures:
    sums = _sums(rows)
    return EmployeeFigures(
        employee=worker.id,
        name=worker.name,
        open_minutes=worker.open_minutes,
        utilisation=_part(sums["busy_minutes"], worker.open_minutes),
        **sums,
    )


def _sums(rows: Sequence[Row]) -> dict[str, Any]:
    return {name: sum(getattr(row, name) for row in rows) for name in _SUMS}


def _part(some: int, of: int) -> float | None:
    return round(some / of, 4) if of else None
