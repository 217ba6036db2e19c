"""What a resource says about its operations, beside the code that carries them out."""

from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import wraps
from typing import Any, Literal, TypeVar, cast, get_origin

import msgspec

from boka_app.conventions.model import DEFAULT_LIMIT, MAX_LIMIT, Page

_Responder = TypeVar("_Responder", bound=Callable[..., Any])


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter outside the path."""

    name: str
    kind: Literal["query", "header"]
    form: str
    description: str
    required: bool


class Retired(msgspec.Struct, frozen=True):
    """An operation that will go: since when it should not be used (RFC 9745), and when it ends (RFC 8594)."""

    since: datetime
    sunset: datetime


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method on one route, for the document."""

    summary: str
    status: int
    answer: Any
    body: Any
    parameters: tuple[Parameter, ...]
    problems: tuple[type[Exception], ...]
    needs: str | None
    content: str
    retired: Retired | None


def parameter(
    name: str, form: str, description: str, *, kind: Literal["query", "header"] = "query", required: bool = True
) -> Parameter:
    """Describe a parameter: `form` is uuid, date, limit or text."""
    return Parameter(name=name, kind=kind, form=form, description=description, required=required)


KEY = parameter(
    "Idempotency-Key", "text", "8 to 255 characters, fresh for each wish, kept to repeat it.", kind="header"
)
KEY_IF_ANY = msgspec.structs.replace(KEY, required=False)
IF_MATCH = parameter("If-Match", "text", "The ETag that reading answered.", kind="header")
IF_MATCH_IF_ANY = msgspec.structs.replace(IF_MATCH, required=False)
IF_NONE_MATCH = parameter("If-None-Match", "text", "An ETag; 304 if it still holds.", kind="header", required=False)
_PAGING = (
    parameter("cursor", "text", "The member next of the page before; without it, the first page.", required=False),
    parameter("limit", "limit", f"Rows a page, 1 to {MAX_LIMIT}; {DEFAULT_LIMIT} unless told.", required=False),
)


def operation(  # noqa: PLR0913  each is a fact of the operation, by name
    summary: str,
    *,
    answer: Any,  # noqa: ANN401  any type that msgspec can describe
    status: int | None = None,
    body: Any = None,  # noqa: ANN401
    parameters: Sequence[Parameter] = (),
    problems: Sequence[type[Exception]] = (),
    needs: str | None = None,
    content: str = "application/json",
    retired: Retired | None = None,
) -> Callable[[_Responder], _Responder]:
    """Attach a description to a responder; costs nothing per request.

    `answer` is a type that msgspec describes, or None for an answer without a body (204). `needs` is a key of
    `identity.permissions.ROLES_BY_NEED`; a responder without one is for everybody. What follows from the form of the
    operation is not said: a page's parameters are added here, the refusals of parameters, body, needs and path by
    `document`. A `retired` responder tells of its end in every answer.
    """
    described = Operation(
        summary=summary,
        status=status or (204 if answer is None else 200),
        answer=answer,
        body=body,
        parameters=(*parameters, *(_PAGING if get_origin(answer) is Page else ())),
        problems=tuple(problems),
        needs=needs,
        content=content,
        retired=retired,
    )

    def attach(responder: _Responder) -> _Responder:
        if retired is not None:
            responder = _told_of(retired, responder)
        responder.operation = described  # pyright: ignore[reportFunctionMemberAccess]  read back by `described_as`
        return responder

    return attach


def described_as(responder: object) -> Operation | None:
    """Return what was attached to a responder."""
    return getattr(responder, "operation", None)


def _told_of(retired: Retired, responder: _Responder) -> _Responder:
    @wraps(responder)
    async def telling(resource: Any, req: Any, resp: Any, **params: Any) -> None:  # noqa: ANN401  Falcon's, unimported
        resp.set_header("Deprecation", f"@{int(retired.since.timestamp())}")
        resp.set_header("Sunset", format_datetime(retired.sunset, usegmt=True))
        await responder(resource, req, resp, **params)

    return cast("_Responder", telling)
