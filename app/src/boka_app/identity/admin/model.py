"""What administrators are shown and send."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.conventions.forms import Currency, Email, Locale, Name, Remark, check_zone
from boka_app.errors import DomainError


class OneselfRevoked(DomainError, kind="oneself-revoked", status=409, title="Not oneself"):
    """Another administrator can do that, or the command line."""

    detail = "nobody revokes oneself; ask another administrator, or use boka-app admin revoke"


class MfaStats(msgspec.Struct, frozen=True, kw_only=True):
    """How many of those with an account have a second factor."""

    group: str
    accounts: int
    with_mfa: int


class LockedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that only known addresses get into for now."""

    id: UUID
    email: str
    failed_logins: int
    locked_until: datetime


class FailedLogins(msgspec.Struct, frozen=True, kw_only=True):
    """Failed log-ins of the last day from one network address."""

    address: str
    failed: int
    accounts: int
    last_at: datetime


class SecurityMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the security dashboard."""

    sessions_active: int
    accounts: int
    accounts_with_mfa: int
    accounts_locked: int
    administrators: int
    api_keys_active: int
    emergency_keys_active: int
    logins_last_hour: int
    failed_logins_last_hour: int
    failed_logins_last_day: int


class Admin(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator of the platform."""

    id: UUID
    email: str
    name: str
    mfa: bool
    active: bool
    last_login_at: datetime | None


class NewAdmin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody to make an administrator."""

    email: Email
    name: Name


class NewTenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A business to take in, with its first owner."""

    slug: Annotated[str, Meta(max_length=63, pattern=r"^[a-z0-9](-?[a-z0-9])*$(?!\n)")]
    name: Name
    time_zone: str
    owner: NewAdmin
    locale: Locale = "en"
    currency: Currency = "EUR"

    def __post_init__(self) -> None:
        """Hold the zone to those that are known."""
        check_zone(self.time_zone)


class TenantMade(msgspec.Struct, frozen=True, kw_only=True):
    """The new tenant and its owner, who gets an invitation by e-mail."""

    id: UUID
    slug: str
    owner_id: UUID


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """A switch of the platform, and why it is as it is."""

    name: str
    enabled: bool
    reason: str
    changed_at: datetime


class Turn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a switch should be."""

    enabled: bool
    reason: Remark = ""
