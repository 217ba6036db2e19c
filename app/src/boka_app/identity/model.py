"""Who asks: an account of staff or a program with a key."""

from typing import Literal
from uuid import UUID

import msgspec


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who is behind an authenticated request, and as what. `role` counts in the tenant of the request only."""

    kind: Literal["account", "api_key"]
    id: UUID
    role: str
    name: str
    session_id: UUID | None = None
    employee_id: UUID | None = None
