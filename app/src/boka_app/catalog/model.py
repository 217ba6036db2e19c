"""Services and the people who perform them."""

from uuid import UUID

import msgspec

from boka_app.errors import DomainError


class ServiceUnknown(DomainError):
    """The tenant offers no such service."""

    def __init__(self, service_id: UUID) -> None:
        super().__init__(f"this tenant offers no service {service_id}; its services list names those it does")


class EmployeeUnknown(DomainError):
    """Nobody of that id performs the service."""

    def __init__(self, employee_id: UUID | None) -> None:
        who = "nobody" if employee_id is None else f"no employee {employee_id}"
        super().__init__(f"{who} at this tenant performs the service; the employees list says who does what")


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be booked. Prices are in minor units (cents)."""

    id: UUID
    name: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    step_minutes: int
    price_minor: int
    currency: str


class Employee(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who performs services."""

    id: UUID
    name: str
    services: list[UUID]
