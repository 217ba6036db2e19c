"""What a resource says about its operations, beside the code that carries them out."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import msgspec

_Responder = TypeVar("_Responder", bound=Callable[..., Any])


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter outside the path."""

    name: str
    kind: Literal["query", "header"]
    form: str
    description: str
    required: bool


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method on one route, for the document."""

    summary: str
    status: int
    answer: Any
    body: Any
    parameters: tuple[Parameter, ...]
    problems: tuple[str, ...]
    needs: str | None


def parameter(
    name: str, form: str, description: str, *, kind: Literal["query", "header"] = "query", required: bool = True
) -> Parameter:
    """Describe a parameter: `form` is uuid, date, limit or text."""
    return Parameter(name=name, kind=kind, form=form, description=description, required=required)


def operation(  # noqa: PLR0913  each is a fact of the operation, by name
    summary: str,
    *,
    answer: Any,  # noqa: ANN401  any type that msgspec can describe
    status: int = 200,
    body: Any = None,  # noqa: ANN401
    parameters: Sequence[Parameter] = (),
    problems: Sequence[str] = (),
    needs: str | None = None,
) -> Callable[[_Responder], _Responder]:
    """Attach a description to a responder; costs nothing per request.

    `answer` is a type that msgspec describes, or None for an answer without a body (204). `needs` is a key of
    `identity.permissions.ROLES_BY_NEED`; a responder without one is for everybody.
    """
    described = Operation(
        summary=summary,
        status=status,
        answer=answer,
        body=body,
        parameters=tuple(parameters),
        problems=tuple(problems),
        needs=needs,
    )

    def attach(responder: _Responder) -> _Responder:
        responder.operation = described  # pyright: ignore[reportFunctionMemberAccess]  read back by `described_as`
        return responder

    return attach


def described_as(responder: object) -> Operation | None:
    """Return what was attached to a responder."""
    return getattr(responder, "operation", None)
