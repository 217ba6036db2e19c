"""What a resource says about its operations, beside the code that carries them out."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import wraps
from typing import Any, Literal, NamedTuple, TypeVar, cast, get_origin

from boka_app.conventions.model import DEFAULT_LIMIT, MAX_LIMIT, Page

_Responder = TypeVar("_Responder", bound=Callable[..., Any])
Parameter = dict[str, Any]  # as OpenAPI has it
SCHEMA_BY_FORM: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "date": {"type": "string", "format": "date"},
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
}


def parameter(
    name: str, form: str, description: str, *, kind: Literal["query", "header"] = "query", required: bool = True
) -> Parameter:
    """Describe a parameter outside the path: `form` is a key of `SCHEMA_BY_FORM`."""
    told = {"name": name, "in": kind, "required": required, "description": description}
    return told | {"schema": SCHEMA_BY_FORM[form]}


_KEY = parameter(
    "Idempotency-Key", "text", "8 to 255 characters; new for a new wish, kept to repeat it.", kind="header"
)
_IF_MATCH = parameter("If-Match", "text", "The ETag that reading answered.", kind="header")
KEY_IF_ANY, IF_MATCH_IF_ANY = _KEY | {"required": False}, _IF_MATCH | {"required": False}
IF_NONE_MATCH = parameter("If-None-Match", "text", "An ETag; 304 if it still holds.", kind="header", required=False)
_PAGING = (
    parameter("cursor", "text", "The member next of the page before; without it, the first page.", required=False),
    parameter("limit", "limit", f"Rows a page, 1 to {MAX_LIMIT}; {DEFAULT_LIMIT} unless told.", required=False),
)


class Retired(NamedTuple):
    """An operation that will go: since when it should not be used (RFC 9745), and when it ends (RFC 8594)."""

    since: datetime
    sunset: datetime


@dataclass
class operation:  # noqa: N801  a decorator, and read as one
    """What a responder says of itself; costs nothing per request.

    `answer` is a type that msgspec describes, or None for an answer without a body (204). `needs` is a key of
    `identity.permissions.ROLES_BY_NEED`; a responder without one is for everybody. `key` and `if_match` tell that it
    requires an Idempotency-Key and an If-Match. What follows from the form of the operation is not said: a page's
    parameters are added here, the refusals of parameters, body, needs and path by `document`. A `retired` responder
    tells of its end in every answer.
    """

    summary: str
    _: KW_ONLY
    answer: Any = None
    status: int = 0
    body: Any = None
    key: bool = False
    if_match: bool = False
    parameters: Sequence[Parameter] = ()
    problems: Sequence[type[Exception]] = ()
    needs: str | None = None
    content: str = "application/json"
    retired: Retired | None = None

    def __post_init__(self) -> None:
        self.status = self.status or (204 if self.answer is None else 200)
        paging = _PAGING if get_origin(self.answer) is Page else ()
        self.parameters = [*[_KEY] * self.key, *[_IF_MATCH] * self.if_match, *self.parameters, *paging]

    def __call__(self, responder: _Responder) -> _Responder:
        """Attach it."""
        if self.retired is not None:
            responder = _told_of(self.retired, responder)
        responder.operation = self  # pyright: ignore[reportFunctionMemberAccess]  read back by `described_as`
        return responder


def described_as(responder: object) -> operation | None:
    """Return what was attached to a responder."""
    return getattr(responder, "operation", None)


def _told_of(retired: Retired, responder: _Responder) -> _Responder:
    @wraps(responder)
    async def telling(*called: Any, **params: Any) -> None:  # noqa: ANN401  Falcon's, unimported: (resource,) req, resp
        called[-1].set_header("Deprecation", f"@{int(retired.since.timestamp())}")
        called[-1].set_header("Sunset", format_datetime(retired.sunset, usegmt=True))
        await responder(*called, **params)

    return cast("_Responder", telling)
