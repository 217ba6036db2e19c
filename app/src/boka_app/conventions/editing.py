"""Rows that staff edit: list, read, create, change and remove them, the same way whatever the table.

A change locks the row, is held to If-Match, writes every column, tells of it in the outbox and notes it in the audit,
in one transaction. What differs from table to table is a value of `Table` or `Belongings`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, LiteralString
from uuid import UUID, uuid4

import msgspec
from falcon.asgi import Request
from msgspec import UNSET
from msgspec.structs import asdict
from psycopg import errors
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from boka_app.audit import queries as audit
from boka_app.catalog.model import HoursOverlap
from boka_app.conventions.api import Api, Call
from boka_app.conventions.etag import etag, unchanged
from boka_app.conventions.model import AlreadyTaken, Page, ReferenceUnknown, RowUnknown
from boka_app.conventions.table import Table
from boka_app.database import Connection
from boka_app.openapi.operations import IF_NONE_MATCH, parameter
from boka_app.outbox import queries as outbox
from boka_app.statements import facts_of_database

Known = Any  # a row, or a part of its address: the table in question knows the type

SEARCH = parameter("search", "text", "Words, or their beginnings.", required=False)
_WRITE = (RowUnknown, AlreadyTaken, ReferenceUnknown)


@dataclass(frozen=True, kw_only=True)
class Belongings:
    """A list that belongs to a row and is replaced whole, under the version of that row.

    `select`, `delete` and `insert` take the path's parameters by name; `insert` also `rows`, the list as JSON.
    `check` raises what is wrong with the list. Without `insert` it is only read; `removable` offers DELETE, for a list
    whose absence differs from its being empty.
    """

    kind: str
    noun: str
    owner: Table
    item: type[msgspec.Struct]
    select: LiteralString
    delete: LiteralString = ""
    insert: LiteralString = ""
    check: Callable[[Any], None] = lambda _rows: None
    removable: bool = False

    async def rows(self, conn: Connection, where: dict[str, Any]) -> list[Known]:
        """Return the list."""
        async with conn.cursor(row_factory=class_row(self.item)) as cur:
            await cur.execute(self.select, where)
            return await cur.fetchall()


def edit(api: Api, path: str, table: Table) -> None:
    """Add the two addresses of a table: the collection, and one row."""
    edit_all(api, path, table)
    edit_one(api, f"{path}/{{id:uuid}}", table)


def edit_all(api: Api, path: str, table: Table) -> None:
    """Add the list of a table's rows, and creation."""
    noun, needs = table.noun, table.needs
    rows = Page[table.row]
    api(f"GET {path}", f"List: {noun}", answer=rows, needs=f"{needs}.read", parameters=[SEARCH])(partial(_list, table))
    if table.new is not None and not table.fixed:
        write = partial(api, needs=f"{needs}.write", status=201, key=True, problems=_WRITE)
        write(f"POST {path}", f"Create: {noun}", answer=table.row, body=table.new)(partial(_create, table))


def edit_one(api: Api, path: str, table: Table) -> None:
    """Add reading, changing and removing one row."""
    look, change = _look(api, table), partial(api, needs=f"{table.needs}.write", if_match=True)
    look(f"GET {path}", f"Read: {table.noun}", answer=table.row)(partial(_read, table))
    alter = change(f"PATCH {path}", f"Change: {table.noun}", answer=table.row, body=table.changes, problems=_WRITE)
    alter(partial(_change, table))
    if not table.fixed:
        summary = f"Remove: {table.noun}; what was used is archived"
        change(f"DELETE {path}", summary, problems=[RowUnknown])(partial(_remove, table))


def edit_list(api: Api, path: str, of: Belongings) -> None:
    """Add reading and replacing a list that belongs to a row."""
    rows = list[of.item]
    look, change = _look(api, of.owner), partial(api, needs=f"{of.owner.needs}.write", if_match=True)
    look(f"GET {path}", f"Read: {of.noun}", answer=rows)(partial(_read_list, of))
    if of.insert:
        refused = [*_WRITE, HoursOverlap]
        replace = change(f"PUT {path}", f"Replace: {of.noun}", answer=rows, body=rows, problems=refused)
        replace(partial(_replace, of))
    if of.removable:
        change(f"DELETE {path}", f"Remove: {of.noun}", problems=[RowUnknown])(partial(_replace, of))


def words_of(req: Request) -> str | None:
    """Return what to search for, as PostgreSQL can hold it."""
    return (req.get_param("search") or "").replace("\0", " ").strip() or None


def _look(api: Api, table: Table) -> Callable[..., Any]:
    return partial(api, needs=f"{table.needs}.read", parameters=[IF_NONE_MATCH], problems=[RowUnknown])


async def _list(table: Table, call: Call) -> Page[Known]:
    def place(row: Known) -> tuple[Any, UUID]:
        return getattr(row, table.sorted_by), row.id

    query = partial(table.list, **call.path, search=words_of(call.req))
    return await call.page(table.kind, query, place, sorted_as=table.key)


async def _create(table: Table, call: Call) -> Known:
    async def insert() -> UUID:
        row_id = uuid4()
        with facts_of_database():
            await call.conn.execute(table.insert, call.path | {"id": row_id} | asdict(call.wish))
        await _tell(table, call, "created", row_id)
        return row_id

    row_id = await call.once(UUID, insert)
    call.resp.location = f"{call.req.path}/{row_id}"
    return await table.get(call.conn, call.path | {"id": row_id})


async def _read(table: Table, call: Call) -> Known:
    row = await table.get(call.conn, _where(call))
    return None if unchanged(call.req, call.resp, etag(row.version)) else row


async def _change(table: Table, call: Call) -> Known:
    given = {name: value for name, value in asdict(call.wish).items() if value is not UNSET}
    where = _where(call)
    row = await table.get(call.conn, where, lock=True)
    call.require_match(row.version)
    if not given:
        return row
    before = {name: getattr(row, name) for name in table.hints}
    merged: Known = msgspec.convert(before | given, table.new)  # the rules between members hold as well
    with facts_of_database():
        done = await call.conn.execute(table.update, where | asdict(merged))
    if done.rowcount == 0:
        raise RowUnknown(f"{table.noun} that can be changed")
    row = await table.get(call.conn, where)
    await _tell(table, call, "changed", where["id"], fields=sorted(given))
    return row


async def _remove(table: Table, call: Call) -> None:
    row = await table.get(call.conn, call.path, lock=True)
    call.require_match(row.version)
    how = "removed"
    try:
        async with call.conn.transaction():
            await call.conn.execute(table.delete, call.path)
    except errors.ForeignKeyViolation:
        how = "archived"
        await call.conn.execute(table.update, call.path | asdict(row) | {"active": False})
    await _tell(table, call, how, call.id)


async def _read_list(of: Belongings, call: Call) -> list[Known] | None:
    owner, rows = await of.owner.get(call.conn, call.path), await of.rows(call.conn, call.path)
    return None if unchanged(call.req, call.resp, etag(owner.version)) else rows


async def _replace(of: Belongings, call: Call) -> list[Known]:
    """Put the list in the place of the one there is; without a list, remove that."""
    conn, where = call.conn, call.path
    call.require_match((await of.owner.get(conn, where, lock=True)).version)
    await conn.execute(of.delete, where)
    if call.wish is not None:
        of.check(call.wish)
        with facts_of_database():
            await conn.execute(of.insert, where | {"rows": Jsonb(msgspec.to_builtins(call.wish))})
    await conn.execute(of.owner.touch, where)
    owner, rows = await of.owner.get(conn, where), await of.rows(conn, where)
    await outbox.put(conn, "catalog.changed", call.id, thing=of.kind)
    await audit.record(conn, f"{of.kind}.{'removed' if call.wish is None else 'replaced'}", call.id)
    call.resp.set_header("ETag", etag(owner.version))
    return rows


def _where(call: Call) -> dict[str, Any]:
    return {"id": call.tenant.id} | call.path  # without an id in the path, the row is the tenant's own


async def _tell(table: Table, call: Call, verb: str, row_id: UUID, **detail: Known) -> None:
    if table.event:
        await outbox.put(call.conn, table.event, row_id, thing=table.kind)
    await audit.record(call.conn, f"{table.kind}.{verb}", row_id, **detail)
