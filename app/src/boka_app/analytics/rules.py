"""Add up the rows of days, services and employees into what a dashboard shows."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from boka_app.analytics.model import Dashboard, DayFigures, EmployeeFigures, Figures, Row, ServiceFigures, Worker
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
    service_names: dict[UUID, str],
    new_customers: int,
) -> Dashboard:
    """Return the dashboard: every day, also one without a visit; services and employees, the busiest first."""
    totals = Figures(**_sums(rows))
    services = [
        ServiceFigures(service=id_, name=name, **_sums([row for row in rows if row.service_id == id_]))
        for id_, name in service_names.items()
    ]
    employees = [_employee(worker, [row for row in rows if row.employee_id == worker.id]) for worker in workers]
    return Dashboard(
        first=days[0],
        last=days[-1],
        time_zone=tenant.time_zone,
        currency=tenant.currency,
        totals=totals,
        no_show_rate=_part(totals.no_shows, totals.completed + totals.no_shows),
        new_customers=new_customers,
        days=[DayFigures(day=day, **sums) for day, sums in _by_day(days, rows)],
        services=sorted(services, key=lambda s: (-s.appointments, s.name)),
        employees=sorted(employees, key=lambda e: (-e.busy_minutes, e.name)),
    )


def _by_day(days: Sequence[date], rows: Sequence[Row]) -> Iterable[tuple[date, dict[str, Any]]]:
    found: dict[date, list[Row]] = {day: [] for day in days}
    for row in rows:
        found[row.day].append(row)
    return [(day, _sums(its)) for day, its in found.items()]


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
