"""A person who books."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from boka_app.conventions.forms import Email, Locale, Name, Phone, Text, check_zone
from boka_app.errors import DomainError


class VisitsAhead(DomainError, kind="visits-ahead", status=409, title="Still expected"):
    """Cancel the appointments ahead, then erase the person."""

    detail = "customer {} has {} appointments ahead; cancel them, then erase"


class CustomerData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What staff may correct."""

    name: Name
    email: Email
    phone: Phone | None
    locale: Locale | None
    time_zone: str | None
    notes: Text

    def __post_init__(self) -> None:
        """Hold the zone to those that are known."""
        check_zone(self.time_zone)


class Customer(CustomerData, frozen=True, kw_only=True):
    """A customer as staff see one."""

    id: UUID
    unsubscribed_at: datetime | None
    erased_at: datetime | None
    created_at: datetime
    version: int


class PersonalData(msgspec.Struct, frozen=True, kw_only=True):
    """Everything held on one person, by kind: rows as they lie in the database, without what indexes need."""

    customer: dict[str, Any]
    appointments: list[dict[str, Any]]
    series: list[dict[str, Any]]
    waitlist: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    refunds: list[dict[str, Any]]
    notifications: list[dict[str, Any]]
    audit: list[dict[str, Any]]


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """A person is gone; the figures of the visits stay."""

    id: UUID
    erased_at: datetime
    appointments: int
