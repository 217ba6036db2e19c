"""What every error is told as: of which kind it is, and the problem document. Kinds of our own say it themselves."""

from collections.abc import Mapping
from datetime import datetime

import falcon
import msgspec
from psycopg import OperationalError

from boka_app.appointments.model import FORM_BY_POINTER
from boka_app.errors import DomainError, Kind


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal: RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[dict[str, str]] = []
    next: list[datetime] = []


_PARAMETER = Kind("parameter-invalid", 400, "Parameter not accepted", "A query parameter is missing or malformed.")
_FOREIGN: Mapping[type[Exception], Kind] = {
    falcon.HTTPInvalidParam: _PARAMETER,
    falcon.HTTPMissingParam: _PARAMETER,
    falcon.HTTPContentTooLarge: Kind(
        "body-too-large", 413, "Body too large", "A body has 16 KiB at most, 768 KiB from an account or key."
    ),
    falcon.HTTPUnsupportedMediaType: Kind(
        "media-type", 415, "Media type not accepted", "Send application/json; forms go to the pages only."
    ),
    falcon.HTTPNotFound: Kind(
        "not-found", 404, "Nothing here", "The address leads to nothing; the API is listed in its OpenAPI document."
    ),
    falcon.HTTPMethodNotAllowed: Kind(
        "method-not-allowed", 405, "Method not allowed", "The header Allow names the methods of this address."
    ),
    msgspec.ValidationError: Kind(
        "body-invalid",
        422,
        "Body not accepted",
        "The JSON has a member that is missing, unknown or not of the right form; see errors.",
    ),
    msgspec.DecodeError: Kind("body-malformed", 400, "Body not readable", "The body is not JSON in UTF-8."),
    OperationalError: Kind(  # no connection, lost connection, time-out, deadlock
        "unavailable",
        503,
        "Try again shortly",
        "The database does not answer. Repeat the request, with its Idempotency-Key.",
    ),
    falcon.HTTPError: Kind(
        "request-invalid", 400, "Request not accepted", "The request breaks a rule of HTTP or of this service."
    ),
    Exception: Kind("internal", 500, "A defect of ours", "The log has it under request_id. Repeating may help."),
}


def kind_of(error: type[Exception]) -> Kind:
    """Return the kind that an error is told as: its own, or that of its nearest class in the table."""
    if issubclass(error, DomainError):
        return error.kind
    return next(_FOREIGN[parent] for parent in error.__mro__ if parent in _FOREIGN)


def kind_by_name() -> dict[str, Kind]:
    """Return every kind of refusal that the service has."""
    return {kind.name: kind for kind in (*(error.kind for error in DomainError.__subclasses__()), *_FOREIGN.values())}


def problem(error: Exception, request_id: str) -> Problem:
    """Return the document for an error. What we did not foresee is told without its text."""
    kind, ours = kind_of(type(error)), error if isinstance(error, DomainError) else DomainError()
    return Problem(
        type=f"/problems/{kind.name}",
        title=kind.title,
        status=kind.status,
        detail=_detail(error, kind),
        request_id=request_id,
        errors=body_faults(error) if isinstance(error, msgspec.ValidationError) else list(ours.faults),
        next=list(ours.next_starts),
    )


def body_faults(error: msgspec.ValidationError) -> list[dict[str, str]]:
    """Return where a body is wrong, as a JSON pointer, and how; from msgspec's "… - at `$.customer.email`"."""
    text, _, path = str(error).partition(" - at `$")
    pointer = path.rstrip("`").replace("[", ".").replace("]", "").replace(".", "/")
    return [{"pointer": pointer, "detail": FORM_BY_POINTER.get(pointer, text)}]


def _detail(error: Exception, kind: Kind) -> str:
    if isinstance(error, msgspec.ValidationError):
        (fault,) = body_faults(error)
        return f"{fault['pointer'] or 'the body'}: {fault['detail']}"
    if isinstance(error, DomainError | msgspec.DecodeError):
        return str(error)
    if isinstance(error, falcon.HTTPError) and error.description:
        return error.description
    return kind.page
