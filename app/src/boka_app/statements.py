"""A statement of SQL as a function: `list_members = many(Member, _LIST)`, then `await list_members(conn, id=None)`.

Values go by the statement's own names; those given here hold unless the caller says otherwise.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, LiteralString, TypeVar

from psycopg import AsyncConnection, errors
from psycopg.rows import class_row, scalar_row

from boka_app.conventions.model import AlreadyTaken, ReferenceUnknown

_Row = TypeVar("_Row")
_Connection = AsyncConnection[Any]


def many(kind: type[_Row], sql: LiteralString, /, **usual: Any) -> Callable[..., Awaitable[list[_Row]]]:  # noqa: ANN401  a statement's parameters, here and below
    """Return what selects all rows, as structs."""

    async def select(conn: _Connection, /, **values: Any) -> list[_Row]:  # noqa: ANN401
        async with conn.cursor(row_factory=class_row(kind)) as cur:
            return await (await cur.execute(sql, usual | values)).fetchall()

    return select


def one(kind: type[_Row], sql: LiteralString, /, **usual: Any) -> Callable[..., Awaitable[_Row | None]]:  # noqa: ANN401
    """Return what selects the first row, None when there is none."""

    async def select(conn: _Connection, /, **values: Any) -> _Row | None:  # noqa: ANN401
        async with conn.cursor(row_factory=class_row(kind)) as cur:
            return await (await cur.execute(sql, usual | values)).fetchone()

    return select


def the(
    kind: type[_Row],
    sql: LiteralString,
    unknown: Callable[[dict[str, Any]], Exception],
    /,
    **usual: Any,  # noqa: ANN401
) -> Callable[..., Awaitable[_Row]]:
    """Return what selects the first row, and raises what `unknown` makes of the values when there is none."""
    select = one(kind, sql, **usual)

    async def select_or_refuse(conn: _Connection, /, **values: Any) -> _Row:  # noqa: ANN401
        row = await select(conn, **values)
        if row is None:
            raise unknown(values)
        return row

    return select_or_refuse


def value(sql: LiteralString, /) -> Callable[..., Awaitable[Any]]:
    """Return what selects the first column of the first row, None when there is none."""

    async def select(conn: _Connection, /, **values: Any) -> Any:  # noqa: ANN401
        async with conn.cursor(row_factory=scalar_row) as cur:
            return await (await cur.execute(sql, values)).fetchone()

    return select


def column(sql: LiteralString, /) -> Callable[..., Awaitable[list[Any]]]:
    """Return what selects the first column of all rows."""

    async def select(conn: _Connection, /, **values: Any) -> list[Any]:  # noqa: ANN401
        async with conn.cursor(row_factory=scalar_row) as cur:
            return await (await cur.execute(sql, values)).fetchall()

    return select


def run(sql: LiteralString, /, **usual: Any) -> Callable[..., Awaitable[int]]:  # noqa: ANN401
    """Return what carries the statement out, and tells how many rows it touched."""

    async def carry_out(conn: _Connection, /, **values: Any) -> int:  # noqa: ANN401
        return (await conn.execute(sql, usual | values)).rowcount

    return carry_out


def write(sql: LiteralString, /) -> Callable[..., Awaitable[int]]:
    """Return what `run` does, for rows whose columns came from outside: `facts_of_database` tells what is wrong."""
    carry_out = run(sql)

    async def carry_out_or_refuse(conn: _Connection, /, **values: Any) -> int:  # noqa: ANN401
        with facts_of_database():
            return await carry_out(conn, **values)

    return carry_out_or_refuse


@contextmanager
def facts_of_database() -> Generator[None]:
    """Tell of a broken constraint as what it is: something is taken already, or names nothing."""
    try:
        yield
    except errors.UniqueViolation as err:
        raise AlreadyTaken(err.diag.constraint_name or "") from err
    except errors.ForeignKeyViolation as err:
        raise ReferenceUnknown(err.diag.constraint_name or "") from err
