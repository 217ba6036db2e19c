"""A member of a tenant, and what is refused about one."""

from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from boka_app.conventions.forms import Email, Name
from boka_app.errors import DomainError

Role = Literal["owner", "manager", "staff", "read_only"]


class LastOwner(DomainError, kind="last-owner", status=409, title="Last owner"):
    """A tenant keeps one owner at least; make somebody else an owner first."""

    detail = "this is the tenant's last owner; make somebody else an owner first"


class NewMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody to invite. `employee_id` says who of the employees it is."""

    email: Email
    name: Name
    role: Role
    employee_id: UUID | None = None


class MemberChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a member becomes; what is left out stays."""

    role: Role | UnsetType = UNSET
    employee_id: UUID | UnsetType | None = UNSET


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works with the tenant's bookings. `active`: has a password, so took the invitation up."""

    id: UUID
    email: str
    name: str
    role: str
    employee_id: UUID | None
    active: bool
    mfa: bool
    version: int
