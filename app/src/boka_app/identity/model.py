"""Who asks, and why somebody is not let in."""

from typing import Literal
from uuid import UUID

import msgspec

from boka_app.errors import DomainError
from boka_app.tenants.model import Actor


class NotAuthenticated(DomainError):
    """The operation is not for everybody, and nothing valid says who asks."""

    def __init__(self, reason: str = "no valid access token, API key or session came with the request") -> None:
        super().__init__(f"{reason}; log in at /api/auth/login and send Authorization: Bearer")


class NotAllowed(DomainError):
    """Whoever asks is known and may not do this."""

    def __init__(self, need: str) -> None:
        super().__init__(f"this needs the permission {need}, which the role or key does not have here")


class ForeignOrigin(DomainError):
    """A session cookie came with a request that another site made the browser send."""

    def __init__(self) -> None:
        super().__init__("the request came from another site's page; send it from a page of this site")


class MfaRequired(DomainError):
    """The role asks for a second factor, and this session was begun without."""

    def __init__(self) -> None:
        super().__init__("this role needs a second factor; enrol one at /api/account/mfa, or log in again with a code")


class InMaintenance(DomainError):
    """An operator is at work: nothing is answered for now."""

    retry_after_s = 60

    def __init__(self) -> None:
        super().__init__("the site is in maintenance; come back in a few minutes")


class ReadOnly(DomainError):
    """An operator lets nothing be changed: reading works."""

    retry_after_s = 60

    def __init__(self) -> None:
        super().__init__("for a while nothing can be changed, only read; repeat the request in a few minutes")


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who is behind an authenticated request, and as what.

    `role` counts in the tenant of the request; `needs` is all it may do there.
    """

    kind: Literal["account", "api_key"]
    id: UUID
    role: str
    name: str
    needs: frozenset[str]
    needs_after_mfa: frozenset[str] = frozenset()  # what it could do besides, with a second factor
    session_id: UUID | None = None
    employee_id: UUID | None = None

    @property
    def actor(self) -> Actor:
        """Return who acts, for a transaction."""
        return Actor(self.kind, self.id)

    def may(self, need: str) -> bool:
        """Tell whether the need is granted: for a responder that is open to all but shows more to some."""
        return need in self.needs
