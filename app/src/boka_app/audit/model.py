"""An entry of the audit, and whether the chain of them is whole."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who changed what. `position` counts a tenant's entries from 1, without gap."""

    position: int
    at: datetime
    action: str
    subject_id: UUID
    actor_kind: str
    actor_id: UUID | None
    request_id: str
    detail: dict[str, Any]


class ChainBroken(Exception):
    """A chain does not fit: something was changed, removed or added behind the service's back."""

    def __init__(self, positions: dict[str, int]) -> None:
        places = ", ".join(f"{tenant} at position {position}" for tenant, position in positions.items())
        super().__init__(
            f"the audit is broken: {places}. Compare with a backup; entries before the positions are whole"
        )


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What recomputing a chain found: how many entries, and the first position that does not fit, if any."""

    tenant_id: UUID
    entries: int
    broken_at: int | None
