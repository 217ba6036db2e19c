"""An entry of the audit, and whether the chain of them is whole."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who changed what. `id` grows with time; `position` counts the entries of a chain from 1, without gap."""

    id: int
    chain: int | None  # none, as position: the entry is older than the chains
    position: int | None
    at: datetime
    action: str
    subject_id: UUID
    actor_kind: str
    actor_id: UUID | None
    request_id: str
    detail: dict[str, Any]


class ChainBroken(Exception):
    """A chain does not fit: something was changed, removed or added behind the service's back."""

    def __init__(self, found: dict[str, "Verification"]) -> None:
        places = ", ".join(
            f"{tenant} at position {one.broken_at} of chain {one.broken_chain}" for tenant, one in found.items()
        )
        super().__init__(
            f"the audit is broken: {places}. Compare with a backup; entries before the positions are whole"
        )


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What recomputing the chains found: how many entries, and the first place that does not fit, if any."""

    tenant_id: UUID
    entries: int
    broken_chain: int | None
    broken_at: int | None
