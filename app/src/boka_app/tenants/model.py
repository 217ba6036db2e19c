"""A business that takes bookings."""

from typing import Literal
from uuid import UUID

import msgspec

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


class TenantUnknown(DomainError):
    """No tenant has this name."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"no tenant is named {slug!r}; see / for those that are")


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
