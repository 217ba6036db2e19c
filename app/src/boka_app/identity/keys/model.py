"""A key of a program."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.conventions.forms import Name, Remark
from boka_app.errors import DomainError

_Scope = Annotated[str, Meta(max_length=64)]


class ScopeRefused(DomainError, kind="scope-refused", status=422, title="Scope refused"):
    """A key may do no more than who makes it; take scopes of yours."""

    def __init__(self, scopes: frozenset[str]) -> None:
        super().__init__(f"no scope of yours to give: {', '.join(sorted(scopes))}; take permissions you have, or *")


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make. `*` in scopes is all that a manager may do."""

    name: Name
    scopes: Annotated[list[_Scope], Meta(min_length=1, max_length=40)]
    days: Annotated[int, Meta(ge=1, le=366)] = 90


class EmergencyKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key of the platform for an incident: all an administrator may do, for some hours."""

    reason: Remark
    hours: Annotated[int, Meta(ge=1, le=24)] = 4


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as lists show it. Without a tenant it is the platform's."""

    id: UUID
    tenant: str | None
    name: str
    prefix: str
    scopes: list[str]
    emergency: bool
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class KeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """A new key with its secret, which is shown this once."""

    key: Key
    secret: str
