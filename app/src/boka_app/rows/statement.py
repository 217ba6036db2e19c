"""A statement as a function: its parameters are the statement's, the type it returns says what is fetched."""

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import Parameter, signature
from types import NoneType
from typing import Any, Concatenate, LiteralString, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from psycopg.rows import class_row, scalar_row

from boka_app.database import Connection

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")
_Statement = Callable[Concatenate[Connection, _Given], Awaitable[_Answer]]


def statement(
    sql: LiteralString, *, missing: Callable[[Any], Exception] | None = None
) -> Callable[[_Statement[_Given, _Answer]], _Statement[_Given, _Answer]]:
    """Make a function without a body execute `sql` on the connection that is its first parameter.

    The others are the statement's, by name; a struct among them gives its members instead. `lock` is none of them: it
    adds `for update`. A struct is made of a row, any other type is that of the only column. It may be in a list: all
    rows; or be None where there is no row, which else raises `missing`, made of the first parameter. `bool` tells
    whether any row was changed, where the statement returns none.
    """

    def make(declared: _Statement[_Given, _Answer]) -> _Statement[_Given, _Answer]:
        parameters = [*signature(declared).parameters.values()][1:]
        names = [each.name for each in parameters]
        defaults = {each.name: each.default for each in parameters if each.default is not Parameter.empty}
        answer = get_type_hints(declared)["return"]
        many, maybe = get_origin(answer) is list, NoneType in get_args(answer)
        kind = get_args(answer)[0] if get_args(answer) else answer
        factory: Any = class_row(kind) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else scalar_row

        @wraps(declared)
        async def execute(conn: Connection, *given: Any, **named: Any) -> Any:  # noqa: ANN401  as declared
            values = defaults | dict(zip(names, given, strict=False)) | named
            for name in names:
                if isinstance(values[name], msgspec.Struct):
                    values |= msgspec.structs.asdict(values[name])
            async with conn.cursor(row_factory=factory) as cur:
                await cur.execute(sql + " for update" if values.get("lock") else sql, values)
                if many:
                    return await cur.fetchall()
                if answer is NoneType or cur.description is None:
                    return cur.rowcount > 0 if answer is bool else None
                row = await cur.fetchone()
            if row is None and not maybe:
                raise LookupError(sql) if missing is None else missing(values[names[0]])
            return bool(row) if answer is bool else row

        return execute

    return make
