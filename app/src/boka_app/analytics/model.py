"""Figures of a tenant over some days. Money in minor units; dates are the tenant's."""

from datetime import date
from uuid import UUID

import msgspec


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A service."""

    id: UUID
    name: str


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """An employee, and how many minutes their opening hours have."""

    id: UUID
    name: str
    open_minutes: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Sums. `booked_minor` is what confirmed and kept visits cost, `paid_minor` what came of it so far."""

    appointments: int
    completed: int
    cancelled: int
    no_shows: int
    booked_minor: int
    paid_minor: int
    busy_minutes: int


class Row(Figures, frozen=True, kw_only=True):
    """One day of one service and employee."""

    day: date
    service_id: UUID
    employee_id: UUID


class DayFigures(Figures, frozen=True, kw_only=True):
    """One day."""

    day: date


class ServiceFigures(Figures, frozen=True, kw_only=True):
    """One service."""

    service: UUID
    name: str


class EmployeeFigures(Figures, frozen=True, kw_only=True):
    """One employee. `utilisation` is the part of the opening hours that visits take; null without hours."""

    employee: UUID
    name: str
    open_minutes: int
    utilisation: float | None


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """How a business does. `no_show_rate` is the part of the visits that should have been; null without any."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    time_zone: str
    currency: str
    totals: Figures
    no_show_rate: float | None
    new_customers: int
    days: list[DayFigures]
    services: list[ServiceFigures]
    employees: list[EmployeeFigures]


class TenantMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """One business among all, as of the last summary."""

    slug: str
    name: str
    currency: str
    appointments: int
    completed: int
    cancelled: int
    no_shows: int
    booked_minor: int
    paid_minor: int


class BusinessMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """All businesses of the platform."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    tenants: list[TenantMetrics]
