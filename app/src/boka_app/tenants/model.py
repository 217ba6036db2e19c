"""A business that takes bookings."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.conventions.forms import Currency, Email, Horizon, Locale, Name, Notice, Percent, check_zone
from boka_app.errors import DomainError

PLATFORM = UUID(int=0)  # stands for the platform where a tenant is asked for: in the audit, in API keys


class Actor(msgspec.Struct, frozen=True):
    """Who acts, for the audit. A customer and a job have no id of their own."""

    kind: Literal["customer", "account", "api_key", "job", "operator", "provider"]
    id: UUID | None = None


CUSTOMER = Actor("customer")
JOB = Actor("job")
OPERATOR = Actor("operator")
PROVIDER = Actor("provider")


class TenantUnknown(DomainError, kind="tenant-unknown", status=404, title="No such tenant"):
    """The name in the address belongs to no business here."""

    detail = "no tenant is named {!r}; see / for those that are"


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A business, and the limits on its bookings."""

    id: UUID
    slug: str
    name: str
    time_zone: str
    locale: str
    currency: str
    min_notice_minutes: int
    horizon_days: int
    hold_minutes: int
    cancel_until_minutes: int
    cancel_fee_percent: int
    reschedule_until_minutes: int
    reschedule_limit: int | None
    no_show_fee_percent: int


_HostName = Annotated[
    str, Meta(max_length=253, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$(?!\n)")
]


class SettingsOfTenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a business decides about itself and its bookings."""

    name: Name
    time_zone: str
    host_name: _HostName | None
    locale: Locale
    currency: Currency
    contact_email: Email | None
    min_notice_minutes: Notice
    horizon_days: Horizon
    hold_minutes: Annotated[int, Meta(ge=1, le=60)]
    cancel_until_minutes: Notice
    cancel_fee_percent: Percent
    reschedule_until_minutes: Notice
    reschedule_limit: Annotated[int, Meta(ge=0, le=100)] | None
    no_show_fee_percent: Percent

    def __post_init__(self) -> None:
        """Hold the zone to those that are known."""
        check_zone(self.time_zone)


class TenantSettings(SettingsOfTenant, frozen=True, kw_only=True):
    """The settings whole, as staff see them."""

    id: UUID
    slug: str
    version: int
    updated_at: datetime
