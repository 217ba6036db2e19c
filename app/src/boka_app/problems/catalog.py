"""Every kind of refusal: its status, its title, and what its page tells. One table for errors, pages and OpenAPI."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import falcon
import msgspec
from psycopg import OperationalError

from boka_app.appointments.model import (
    FORM_BY_POINTER,
    AppointmentStarted,
    AppointmentUnknown,
    HoldOver,
    TokenMissing,
)
from boka_app.availability.model import (
    BeyondHorizon,
    DayFull,
    DecisionStale,
    NoticeTooShort,
    OutsideHours,
    RangeInvalid,
    SlotInPast,
    SlotTaken,
)
from boka_app.calendars.model import CalendarUnknown, ConsentInvalid, FeedUnknown, ProviderMissing
from boka_app.catalog.model import EmployeeUnknown, HoursOverlap, ServiceUnknown
from boka_app.conventions.model import (
    AlreadyTaken,
    MatchMissing,
    RateLimited,
    ReferenceUnknown,
    RowUnknown,
    VersionChanged,
)
from boka_app.customers.model import VisitsAhead
from boka_app.errors import DomainError
from boka_app.idempotency.model import KeyMissing, KeyReused
from boka_app.identity.admin.model import OneselfRevoked
from boka_app.identity.keys.model import ScopeRefused
from boka_app.identity.members.model import LastOwner
from boka_app.identity.model import (
    CodeMissing,
    ForeignOrigin,
    InMaintenance,
    LoginRefused,
    MfaRequired,
    MfaState,
    NotAllowed,
    NotAuthenticated,
    PasswordRefused,
    ReadOnly,
    TokenSpent,
    TooManyAttempts,
)
from boka_app.lifecycle.model import AppointmentEnded, MoveRefused, NotBegun
from boka_app.live.model import TooManyListeners
from boka_app.messages.model import ChannelRefused, NotificationOpen
from boka_app.payments.model import (
    AccountInUse,
    AccountUnknown,
    PaymentNotDue,
    PaymentStarting,
    PaymentsUnavailable,
    PaymentUnknown,
    ProviderAway,
    ProviderRefused,
    RefundTooMuch,
    SignatureInvalid,
    WebhookSecretMissing,
)
from boka_app.series.model import SeriesConflicts, SeriesUnknown
from boka_app.tenants.model import TenantUnknown
from boka_app.waitlist.model import NothingOffered, WaitlistUnknown


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal: RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[dict[str, str]] = []
    next: list[datetime] = []


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of refusal."""

    status: int
    title: str
    page: str


PROBLEMS: dict[str, ProblemKind] = {
    "tenant-unknown": ProblemKind(404, "No such tenant", "The name in the address belongs to no business here."),
    "service-unknown": ProblemKind(
        422, "No such service", "The service does not exist at this tenant, or is no longer offered."
    ),
    "employee-unknown": ProblemKind(
        422, "Nobody performs it", "No such employee at this tenant, or none who performs the service."
    ),
    "range-invalid": ProblemKind(422, "Range of dates not accepted", "Ask for 1 to 31 days, the last one included."),
    "slot-past": ProblemKind(422, "Start in the past", "Bookings start in the future only."),
    "notice-too-short": ProblemKind(422, "Start too soon", "The business wants to know of a visit some time before."),
    "beyond-horizon": ProblemKind(422, "Start too far ahead", "The business does not plan that far yet."),
    "outside-hours": ProblemKind(
        422, "No visit starts then", "Closed then, too near to closing, or between the starts that are offered."
    ),
    "slot-taken": ProblemKind(
        409, "Slot taken", "Somebody was first. The member next has the nearest free starts at this time."
    ),
    "day-full": ProblemKind(
        409, "Day full", "The business takes only so many visits a day. The member next has the nearest free starts."
    ),
    "decision-stale": ProblemKind(409, "Changed meanwhile", "The business changed what it offers; ask again."),
    "hold-over": ProblemKind(
        409, "Hold over", "It expired, was given up or used, its token is another's, or the slot is not the one held."
    ),
    "appointment-unknown": ProblemKind(
        404, "No such appointment", "There is none of that id, or the token is not the one its booking returned."
    ),
    "token-missing": ProblemKind(
        401, "Token missing", "Send Authorization: Bearer and the token that the booking returned."
    ),
    "appointment-started": ProblemKind(409, "Already begun", "An appointment can be cancelled until it begins."),
    "appointment-ended": ProblemKind(
        409, "Not in that state", "The appointment ended or changed meanwhile; the detail names the state it is in."
    ),
    "not-begun": ProblemKind(409, "Not begun", "An appointment is completed or missed from its start on."),
    "move-refused": ProblemKind(
        409, "No more moves", "The business lets customers move a visit only so late and so often."
    ),
    "series-unknown": ProblemKind(404, "No such series", "There is none of that id, or the token is another's."),
    "series-conflicts": ProblemKind(
        409, "Not every visit can be had", "None was booked. The member errors has each start that cannot be had."
    ),
    "waitlist-unknown": ProblemKind(404, "No such place", "There is none of that id, or the token is another's."),
    "nothing-offered": ProblemKind(409, "No offer", "Nothing is held any more, or it was no offer of the waitlist."),
    "idempotency-key-missing": ProblemKind(
        400,
        "Idempotency-Key missing",
        "Choose a fresh value for each booking and send it again with each repetition, so that none books twice.",
    ),
    "idempotency-key-reused": ProblemKind(
        422, "Idempotency-Key used before", "The key came with another body. A new booking needs a new key."
    ),
    "not-authenticated": ProblemKind(
        401, "Who asks?", "Send Authorization: Bearer with an access token or API key, or log in to the staff pages."
    ),
    "not-allowed": ProblemKind(403, "Not allowed", "The role or key may not do this here; an owner can change that."),
    "foreign-origin": ProblemKind(403, "From another site", "A session cookie counts on this site's own pages only."),
    "mfa-required": ProblemKind(
        403, "Second factor needed", "Enrol one at /api/account/mfa and confirm it, or log in again with a code."
    ),
    "login-refused": ProblemKind(401, "Not logged in", "E-mail, password or code is wrong; which one is not told."),
    "code-missing": ProblemKind(401, "Code needed", "Send the six digits, or a recovery code, as code."),
    "too-many-attempts": ProblemKind(429, "Too many attempts", "Wait as Retry-After says; others may go on."),
    "token-spent": ProblemKind(
        401, "Token used up", "A refresh token or an invitation counts once. Log in again, or ask to be invited again."
    ),
    "password-refused": ProblemKind(422, "Password refused", "Take 12 to 256 characters that nobody would guess."),
    "mfa-state": ProblemKind(409, "Not in that state", "Enrol, then confirm; to change, disable it first."),
    "last-owner": ProblemKind(
        409, "Last owner", "A tenant keeps one owner at least; make somebody else an owner first."
    ),
    "scope-refused": ProblemKind(422, "Scope refused", "A key may do no more than who makes it; take scopes of yours."),
    "oneself-revoked": ProblemKind(409, "Not oneself", "Another administrator can do that, or the command line."),
    "maintenance": ProblemKind(503, "In maintenance", "Operators are at work; Retry-After says when to come back."),
    "read-only": ProblemKind(503, "Nothing can be changed for now", "Reading works. Repeat the change after a while."),
    "row-unknown": ProblemKind(404, "No such row", "The address names something that the tenant does not have."),
    "visits-ahead": ProblemKind(409, "Still expected", "Cancel the appointments ahead, then erase the person."),
    "already-taken": ProblemKind(409, "Taken by another", "What must be unique belongs to another row already."),
    "reference-unknown": ProblemKind(422, "Id unknown", "An id in the body names nothing that the tenant has."),
    "hours-overlap": ProblemKind(422, "Hours overlap", "Spans of one day share time, or one ends before it begins."),
    "match-missing": ProblemKind(
        428, "If-Match missing", "Read the resource and send its ETag as If-Match, so that no change of others is lost."
    ),
    "version-changed": ProblemKind(
        412, "Changed meanwhile", "Somebody changed the resource since it was read. Read it again, then repeat."
    ),
    "rate-limited": ProblemKind(
        429, "Too many requests", "Go on after the seconds in Retry-After; the header RateLimit tells what is left."
    ),
    "live-full": ProblemKind(
        503, "Too many streams", "As many live streams are open as may be; what they show can be read as well."
    ),
    "payment-unknown": ProblemKind(404, "No such payment", "The business has no payment of that id."),
    "payment-account-unknown": ProblemKind(404, "No such account", "The business has no account at that provider."),
    "payment-account-in-use": ProblemKind(
        409, "Account in use", "Payments or refunds are on their way through it. Set it inactive, remove it later."
    ),
    "webhook-secret-missing": ProblemKind(
        422, "Webhook secret missing", "Stripe shows it beside the webhook endpoint; without it no event is believed."
    ),
    "webhook-signature": ProblemKind(
        400, "Signature does not count", "The event was changed on its way, is too old, or another secret signed it."
    ),
    "payment-not-due": ProblemKind(409, "Nothing to pay", "The appointment is paid, needs no payment, or is not held."),
    "payment-starting": ProblemKind(409, "Checkout is opening", "Another request opens it; repeat in some seconds."),
    "payments-unavailable": ProblemKind(
        422, "No payment online", "The business takes no money online, or not this amount in this currency."
    ),
    "provider-away": ProblemKind(503, "Payment provider away", "It did not answer. Nothing was charged; try again."),
    "provider-refused": ProblemKind(
        502, "Payment provider refuses", "Its answer is in detail. The business may have to look at its account there."
    ),
    "refund-too-much": ProblemKind(422, "More than is left", "Refunds of a payment add up to the payment at most."),
    "calendar-unknown": ProblemKind(404, "No such calendar", "The business has no connected calendar of that id."),
    "feed-unknown": ProblemKind(
        404, "No such feed", "The link was taken back, or not copied whole; ask for a new one."
    ),
    "provider-missing": ProblemKind(
        422, "Provider not offered", "The site is not registered there; connect the calendar by its address instead."
    ),
    "consent-invalid": ProblemKind(
        403, "Consent does not count", "It is no answer to what the session asked, or came late or twice. Begin again."
    ),
    "channel-refused": ProblemKind(
        422, "Channel not accepted", "Chat goes to services with hosts of their own only, in Apprise's form."
    ),
    "notification-open": ProblemKind(409, "Still on its way", "Only a message that ended can be sent again."),
    "parameter-invalid": ProblemKind(400, "Parameter not accepted", "A query parameter is missing or malformed."),
    "body-malformed": ProblemKind(400, "Body not readable", "The body is not JSON in UTF-8."),
    "body-invalid": ProblemKind(
        422, "Body not accepted", "The JSON has a member that is missing, unknown or not of the right form; see errors."
    ),
    "body-too-large": ProblemKind(413, "Body too large", "A body has 16 KiB at most, 768 KiB from an account or key."),
    "media-type": ProblemKind(415, "Media type not accepted", "Send application/json; forms go to the pages only."),
    "not-found": ProblemKind(
        404, "Nothing here", "The address leads to nothing; the API is listed in its OpenAPI document."
    ),
    "method-not-allowed": ProblemKind(405, "Method not allowed", "The header Allow names the methods of this address."),
    "request-invalid": ProblemKind(
        400, "Request not accepted", "The request breaks a rule of HTTP or of this service."
    ),
    "unavailable": ProblemKind(
        503, "Try again shortly", "The database does not answer. Repeat the request, with its Idempotency-Key."
    ),
    "internal": ProblemKind(500, "A defect of ours", "The log has it under request_id. Repeating may help."),
}

ALWAYS = ("request-invalid", "method-not-allowed", "unavailable", "internal")

NAME_BY_ERROR: dict[type[Exception], str] = {
    TenantUnknown: "tenant-unknown",
    ServiceUnknown: "service-unknown",
    EmployeeUnknown: "employee-unknown",
    RangeInvalid: "range-invalid",
    SlotInPast: "slot-past",
    NoticeTooShort: "notice-too-short",
    BeyondHorizon: "beyond-horizon",
    OutsideHours: "outside-hours",
    SlotTaken: "slot-taken",
    DayFull: "day-full",
    DecisionStale: "decision-stale",
    HoldOver: "hold-over",
    AppointmentUnknown: "appointment-unknown",
    TokenMissing: "token-missing",
    AppointmentStarted: "appointment-started",
    AppointmentEnded: "appointment-ended",
    NotBegun: "not-begun",
    MoveRefused: "move-refused",
    SeriesUnknown: "series-unknown",
    SeriesConflicts: "series-conflicts",
    WaitlistUnknown: "waitlist-unknown",
    NothingOffered: "nothing-offered",
    KeyMissing: "idempotency-key-missing",
    KeyReused: "idempotency-key-reused",
    NotAuthenticated: "not-authenticated",
    NotAllowed: "not-allowed",
    ForeignOrigin: "foreign-origin",
    MfaRequired: "mfa-required",
    LoginRefused: "login-refused",
    CodeMissing: "code-missing",
    TooManyAttempts: "too-many-attempts",
    TokenSpent: "token-spent",
    PasswordRefused: "password-refused",
    MfaState: "mfa-state",
    LastOwner: "last-owner",
    ScopeRefused: "scope-refused",
    OneselfRevoked: "oneself-revoked",
    InMaintenance: "maintenance",
    ReadOnly: "read-only",
    RowUnknown: "row-unknown",
    VisitsAhead: "visits-ahead",
    AlreadyTaken: "already-taken",
    ReferenceUnknown: "reference-unknown",
    HoursOverlap: "hours-overlap",
    MatchMissing: "match-missing",
    VersionChanged: "version-changed",
    RateLimited: "rate-limited",
    TooManyListeners: "live-full",
    PaymentUnknown: "payment-unknown",
    AccountUnknown: "payment-account-unknown",
    AccountInUse: "payment-account-in-use",
    WebhookSecretMissing: "webhook-secret-missing",
    SignatureInvalid: "webhook-signature",
    PaymentNotDue: "payment-not-due",
    PaymentStarting: "payment-starting",
    PaymentsUnavailable: "payments-unavailable",
    ProviderAway: "provider-away",
    ProviderRefused: "provider-refused",
    RefundTooMuch: "refund-too-much",
    CalendarUnknown: "calendar-unknown",
    FeedUnknown: "feed-unknown",
    ProviderMissing: "provider-missing",
    ConsentInvalid: "consent-invalid",
    ChannelRefused: "channel-refused",
    NotificationOpen: "notification-open",
    falcon.HTTPInvalidParam: "parameter-invalid",
    falcon.HTTPMissingParam: "parameter-invalid",
    falcon.HTTPContentTooLarge: "body-too-large",
    falcon.HTTPUnsupportedMediaType: "media-type",
    falcon.HTTPNotFound: "not-found",
    falcon.HTTPMethodNotAllowed: "method-not-allowed",
    msgspec.ValidationError: "body-invalid",
    msgspec.DecodeError: "body-malformed",
    OperationalError: "unavailable",  # no connection, lost connection, time-out, deadlock
    falcon.HTTPError: "request-invalid",
    Exception: "internal",
}


def name_of(error: Exception) -> str:
    """Return the problem an error is answered with: that of its nearest class in the table."""
    return next(NAME_BY_ERROR[kind] for kind in type(error).__mro__ if kind in NAME_BY_ERROR)


def problem(error: Exception, request_id: str) -> Problem:
    """Return the document for an error. What we did not foresee is told without its text."""
    name = name_of(error)
    kind = PROBLEMS[name]
    extra: dict[str, Any] = error.extra if isinstance(error, DomainError) else {}
    return Problem(
        type=f"/problems/{name}",
        title=kind.title,
        status=kind.status,
        detail=_detail(error, kind),
        request_id=request_id,
        errors=body_faults(error) if isinstance(error, msgspec.ValidationError) else extra.get("errors", []),
        next=extra.get("next", []),
    )


def body_faults(error: msgspec.ValidationError) -> list[dict[str, str]]:
    """Return where a body is wrong, as a JSON pointer, and how; from msgspec's "… - at `$.customer.email`"."""
    text, _, path = str(error).partition(" - at `$")
    pointer = path.rstrip("`").replace("[", ".").replace("]", "").replace(".", "/")
    return [{"pointer": pointer, "detail": FORM_BY_POINTER.get(pointer, text)}]


def _detail(error: Exception, kind: ProblemKind) -> str:
    if isinstance(error, msgspec.ValidationError):
        (fault,) = body_faults(error)
        return f"{fault['pointer'] or 'the body'}: {fault['detail']}"
    if isinstance(error, DomainError | msgspec.DecodeError):
        return str(error)
    if isinstance(error, falcon.HTTPError) and error.description:
        return error.description
    return kind.page
