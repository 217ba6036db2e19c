"""Who asks, and why somebody is not let in."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from boka_app.conventions.forms import Email
from boka_app.errors import DomainError
from boka_app.tenants.model import Actor


class NotAuthenticated(DomainError, kind="not-authenticated", status=401, title="Who asks?"):
    """Send Authorization: Bearer with an access token or API key, or log in to the staff pages."""

    def __init__(self, reason: str = "no valid access token, API key or session came with the request") -> None:
        super().__init__(f"{reason}; log in at /api/auth/login and send Authorization: Bearer")


class NotAllowed(DomainError, kind="not-allowed", status=403, title="Not allowed"):
    """The role or key may not do this here; an owner can change that."""

    detail = "this needs the permission {}, which the role or key does not have here"


class ForeignOrigin(DomainError, kind="foreign-origin", status=403, title="From another site"):
    """A session cookie counts on this site's own pages only."""

    detail = "the request came from another site's page; send it from a page of this site"


class MfaRequired(DomainError, kind="mfa-required", status=403, title="Second factor needed"):
    """Enrol one at /api/account/mfa and confirm it, or log in again with a code."""

    detail = "this role needs a second factor; enrol one at /api/account/mfa, or log in again with a code"


class LoginRefused(DomainError, kind="login-refused", status=401, title="Not logged in"):
    """E-mail, password or code is wrong; which one is not told."""

    detail = "e-mail address, password or code is wrong, or the account is closed"


class CodeMissing(DomainError, kind="code-missing", status=401, title="Code needed"):
    """Send the six digits, or a recovery code, as code."""

    detail = "the account has a second factor; send its six digits, or a recovery code, as code"


class TooManyAttempts(DomainError, kind="too-many-attempts", status=429, title="Too many attempts"):
    """Wait as Retry-After says; others may go on."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many attempts; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class TokenSpent(DomainError, kind="token-spent", status=401, title="Token used up"):
    """A refresh token or an invitation counts once. Log in again, or ask to be invited again."""

    detail = "the token is unknown, used before or too old; log in again, or ask for a new invitation"


class PasswordRefused(DomainError, kind="password-refused", status=422, title="Password refused"):
    """Take 12 to 256 characters that nobody would guess."""

    detail = "the new password is refused: {}"


class MfaState(DomainError, kind="mfa-state", status=409, title="Not in that state"):
    """Enrol, then confirm; to change, disable it first."""


class InMaintenance(DomainError, kind="maintenance", status=503, title="In maintenance"):
    """Operators are at work; Retry-After says when to come back."""

    retry_after_s = 60
    detail = "the site is in maintenance; come back in a few minutes"


class ReadOnly(DomainError, kind="read-only", status=503, title="Nothing can be changed for now"):
    """Reading works. Repeat the change after a while."""

    retry_after_s = 60
    detail = "for a while nothing can be changed, only read; repeat the request in a few minutes"


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


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows a request touched."""

    count: int


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request comes from: a network address (of IPv6 the /64) and what the browser calls itself."""

    address: str
    user_agent: str


_Secret = Annotated[str, Meta(min_length=1, max_length=256)]


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants in. `code` is the second factor's, or a recovery code."""

    email: Email
    password: _Secret
    code: _Secret | None = None


class Refresh(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The newest refresh token of a session."""

    refresh_token: _Secret


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a log-in gives: an access token for some minutes, and the token that gets the next pair, once."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  the name of a scheme


class NewPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A password to replace one's own."""

    current_password: _Secret
    password: _Secret


class FirstPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A password set with the token of an invitation."""

    token: _Secret
    password: _Secret


class Forgotten(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who forgot the password."""

    email: Email


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One's own password, asked again before the second factor changes."""

    password: _Secret


class Code(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Six digits of the second factor."""

    code: Annotated[str, Meta(pattern="^[0-9]{6}$(?!\n)")]


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A second factor to put into an authenticator app: by hand, or as a QR code of the address."""

    secret: str
    uri: str


class RecoveryCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Codes that count once each instead of a second factor. Shown this once."""

    recovery_codes: list[str]


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant of one's own, and what one is there."""

    slug: str
    name: str
    role: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account as its owner sees it."""

    id: UUID
    email: str
    name: str
    platform_admin: bool
    mfa: bool
    memberships: list[Membership]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One log-in that still counts."""

    id: UUID
    address: str
    user_agent: str
    mfa: bool
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool
