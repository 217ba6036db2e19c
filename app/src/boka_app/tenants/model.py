"""A business that takes bookings."""

from uuid import UUID

import msgspec

from boka_app.errors import DomainError


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
    min_notice_minutes: int
    horizon_days: int
