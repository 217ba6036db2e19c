"""One statement's rows as structs, for the SQL of this package."""

from typing import Any, LiteralString, TypeVar

from psycopg.rows import class_row

from boka_app.database import Connection

_Row = TypeVar("_Row")


async def one(conn: Connection, kind: type[_Row], sql: LiteralString, values: dict[str, Any]) -> _Row | None:
    """Return the first row, if there is one."""
    async with conn.cursor(row_factory=class_row(kind)) as cur:
        await cur.execute(sql, values)
        return await cur.fetchone()


async def many(
    conn: Connection, kind: type[_Row], sql: LiteralString, values: dict[str, Any] | None = None
) -> list[_Row]:
    """Return all rows."""
    async with conn.cursor(row_factory=class_row(kind)) as cur:
        await cur.execute(sql, values)
        return await cur.fetchall()


async def run(conn: Connection, sql: LiteralString, **values: Any) -> int:  # noqa: ANN401  a statement's parameters
    """Carry out a statement; return how many rows it touched."""
    return (await conn.execute(sql, values)).rowcount
