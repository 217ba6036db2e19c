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


def parameter(
    name: str, form: str, description: str, *, kind: Literal["query", "header"] = "query", required: bool = True
) -> Parameter:
    """Describe a parameter: `form` is uuid, date or text."""
    return Parameter(name=name, kind=kind, form=form, description=description, required=required)


def operation(
    summary: str,
    *,
    answer: Any,  # noqa: ANN401  any type that msgspec can describe
    status: int = 200,
    body: Any = None,  # noqa: ANN401
    parameters: Sequence[Parameter] = (),
    problems: Sequence[str] = (),
) -> Callable[[_Responder], _Responder]:
    """Attach a description to a responder; costs nothing per request."""
    described = Operation(
        summary=summary,
        status=status,
        answer=answer,
        body=body,
        parameters=tuple(parameters),
        problems=tuple(problems),
    )

    def attach(responder: _Responder) -> _Responder:
        responder.operation = described  # pyright: ignore[reportFunctionMemberAccess]  read back by `described_as`
        return responder

    return attach


def described_as(responder: object) -> Operation | None:
    """Return what was attached to a responder."""
    return getattr(responder, "operation", None)
