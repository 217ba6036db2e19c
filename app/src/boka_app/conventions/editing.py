"""Rows that staff edit: list, read, create, change and remove them, the same way whatever the table.

A change locks the row, is held to If-Match, writes every column, tells of it in the outbox and notes it in the audit,
in one transaction. What differs from table to table is a value of `Table` or `Belongings`, beside its SQL.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any, LiteralString, get_type_hints
from uuid import UUID, uuid4

import falcon
import msgspec
from falcon.asgi import Request, Response
from msgspec import UNSET, UnsetType
from psycopg import errors
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from boka_app.audit import queries as audit
from boka_app.body import read_body
from boka_app.catalog.model import HoursOverlap
from boka_app.conventions.etag import etag, require_match, unchanged
from boka_app.conventions.model import AlreadyTaken, Page, ReferenceUnknown, RowUnknown
from boka_app.conventions.paging import Pages
from boka_app.database import Connection, tenant_transaction
from boka_app.idempotency import queries as keys
from boka_app.idempotency.model import require_key
from boka_app.openapi.operations import IF_NONE_MATCH, operation, parameter
from boka_app.outbox import queries as outbox
from boka_app.parts import Parts, Routes
from boka_app.statements import facts_of_database

Known = Any  # a row, or a part of its address: the table in question knows the type

SEARCH = parameter("search", "text", "Words, or their beginnings.", required=False)
_WRITE = (RowUnknown, AlreadyTaken, ReferenceUnknown)


@dataclass(frozen=True, kw_only=True)
class Table:
    """One kind of row. Statements take the path's parameters by name; `row` has what `new` has, and a version.

    `select` ends in a condition; `one` or `page` goes after it. `page` takes `after` and `after_id` (null for the first
    page), `search` and `fetch`. `delete` may be refused by a foreign key; then `active` of the row is set to false.
    """

    kind: str  # in the audit's actions
    noun: str  # in sentences
    needs: str  # before .read and .write
    new: type[msgspec.Struct]
    row: type[msgspec.Struct]
    select: LiteralString
    update: LiteralString
    one: LiteralString = " and id = %(id)s"
    page: LiteralString = ""
    event: str | None = "catalog.changed"
    insert: LiteralString = ""
    delete: LiteralString = ""
    sorted_by: str = "name"
    sorted_as: Any = str

    @cached_property
    def changes(self) -> type[msgspec.Struct]:
        """Return the type of a PATCH: every member of `new`, none required."""
        hints = get_type_hints(self.new, include_extras=True)
        fields = [(name, kind | UnsetType, UNSET) for name, kind in hints.items()]
        return msgspec.defstruct(f"{self.new.__name__}Changes", fields, forbid_unknown_fields=True, kw_only=True)

    async def list(self, conn: Connection, given: dict[str, Any]) -> list[Known]:
        """Return the rows of one page."""
        async with conn.cursor(row_factory=class_row(self.row)) as cur:
            await cur.execute(self.select + self.page, given)
            return await cur.fetchall()

    async def get(self, conn: Connection, where: dict[str, Any], *, lock: bool = False) -> Known:
        """Return one row.

        Raises:
            RowUnknown: the entered tenant has none such.
        """
        async with conn.cursor(row_factory=class_row(self.row)) as cur:
            await cur.execute(self.select + self.one + (" for update" if lock else ""), where)
            row = await cur.fetchone()
        if row is None:
            raise RowUnknown(self.noun)
        return row


@dataclass(frozen=True, kw_only=True)
class Belongings:
    """A list that belongs to a row and is replaced whole, under the version of that row.

    `select`, `delete` and `insert` take the path's parameters by name; `insert` also `rows`, the list as JSON.
    `touch` makes the owner's version grow. `check` raises what is wrong with the list. Without `insert` it is only
    read; `removable` offers DELETE, for a list whose absence differs from its being empty.
    """

    kind: str
    noun: str
    owner: Table
    item: type[msgspec.Struct]
    select: LiteralString
    delete: LiteralString = ""
    insert: LiteralString = ""
    touch: LiteralString = ""
    check: Callable[[Any], None] = lambda _rows: None
    removable: bool = False


class Responders(SimpleNamespace):
    """Some responders of one address; Falcon and the description find them as on any resource."""


class Editor:
    """The addresses of one kind of row, below that of the tenant."""

    def __init__(self, parts: Parts, table: Table) -> None:
        self._pool = parts.pool
        self._table = table
        self._decoder = msgspec.json.Decoder(table.new)
        self._changes = msgspec.json.Decoder(table.changes)
        self._pages = Pages(parts.settings, table.kind, tuple[table.sorted_as, UUID])

    def collection(self) -> Responders:
        """Return the list, and creation."""
        table, noun, needs = self._table, self._table.noun, self._table.needs
        found = Responders()
        listed = operation(f"List: {noun}", answer=Page[table.row], needs=f"{needs}.read", parameters=[SEARCH])
        found.on_get = listed(partial(self._list))
        if table.insert:
            created = operation(
                f"Create: {noun}",
                answer=table.row,
                body=table.new,
                status=201,
                needs=f"{needs}.write",
                key=True,
                problems=_WRITE,
            )
            found.on_post = created(partial(self._create))
        return found

    def one(self) -> Responders:
        """Return reading, changing and removing one row."""
        table, noun, needs = self._table, self._table.noun, self._table.needs
        found = Responders()
        read = operation(
            f"Read: {noun}", answer=table.row, needs=f"{needs}.read", parameters=[IF_NONE_MATCH], problems=[RowUnknown]
        )
        found.on_get = read(partial(self._read))
        changed = operation(
            f"Change: {noun}",
            answer=table.row,
            body=table.changes,
            needs=f"{needs}.write",
            if_match=True,
            problems=_WRITE,
        )
        found.on_patch = changed(partial(self._change))
        if table.delete:
            found.on_delete = _removal(f"Remove: {noun}; what was used is archived", needs)(partial(self._remove))
        return found

    async def _list(self, req: Request, resp: Response, slug: str, **where: Known) -> None:
        wanted = self._pages.wanted(req)
        given = where | wanted.keyset | {"search": words_of(req)}
        async with tenant_transaction(self._pool, slug, req.context.principal.actor) as (conn, _tenant):
            rows = await self._table.list(conn, given)
        self._pages.answer(req, resp, wanted, rows, self._place_of)

    async def _create(self, req: Request, resp: Response, slug: str, **where: Known) -> None:
        key = require_key(req.get_header("Idempotency-Key"))
        new = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        wish = hashlib.sha256(req.path.encode() + msgspec.json.encode(new)).digest()
        async with tenant_transaction(self._pool, slug, req.context.principal.actor) as (conn, _tenant):
            earlier = await keys.claim(conn, key, wish)
            row_id = uuid4() if earlier is None else UUID(str(earlier["id"]))
            if earlier is None:
                with facts_of_database():
                    await conn.execute(self._table.insert, where | {"id": row_id} | msgspec.structs.asdict(new))
                await keys.store(conn, key, {"id": str(row_id)})
            row = await self._table.get(conn, where | {"id": row_id})
            if earlier is None:
                await self._tell(conn, "created", row_id)
        resp.status = falcon.HTTP_201
        resp.location = f"{req.path}/{row_id}"
        _show(resp, row)

    async def _read(self, req: Request, resp: Response, slug: str, **where: Known) -> None:
        async with tenant_transaction(self._pool, slug, req.context.principal.actor) as (conn, tenant):
            row = await self._table.get(conn, {"id": tenant.id} | where)
        if not unchanged(req, resp, etag(row.version)):
            resp.media = row

    async def _change(self, req: Request, resp: Response, slug: str, **where: Known) -> None:
        changes = self._changes.decode(await read_body(req, falcon.MEDIA_JSON))
        given = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not UNSET}
        async with tenant_transaction(self._pool, slug, req.context.principal.actor) as (conn, tenant):
            where = {"id": tenant.id} | where
            row = await self._table.get(conn, where, lock=True)
            require_match(req, row.version)
            if given:
                before = {name: getattr(row, name) for name in self._table.new.__struct_fields__}
                merged = msgspec.convert(before | given, self._table.new)  # the rules between members hold as well
                with facts_of_database():
                    done = await conn.execute(self._table.update, where | msgspec.structs.asdict(merged))
                if done.rowcount == 0:
                    raise RowUnknown(f"{self._table.noun} that can be changed")
                row = await self._table.get(conn, where)
                await self._tell(conn, "changed", where["id"], fields=sorted(given))
        _show(resp, row)

    async def _remove(self, req: Request, resp: Response, slug: str, **where: Known) -> None:
        async with tenant_transaction(self._pool, slug, req.context.principal.actor) as (conn, _tenant):
            row = await self._table.get(conn, where, lock=True)
            require_match(req, row.version)
            how = "removed"
            try:
                async with conn.transaction():
                    await conn.execute(self._table.delete, where)
            except errors.ForeignKeyViolation:
                how = "archived"
                await conn.execute(self._table.update, where | msgspec.structs.asdict(row) | {"active": False})
            await self._tell(conn, how, where["id"])
        resp.status = falcon.HTTP_204

    def _place_of(self, row: Known) -> tuple[Any, UUID]:
        return getattr(row, self._table.sorted_by), row.id

    async def _tell(self, conn: Connection, verb: str, row_id: UUID, **detail: Known) -> None:
        if self._table.event:
            await outbox.put(conn, self._table.event, row_id, thing=self._table.kind)
        await audit.record(conn, f"{self._table.kind}.{verb}", row_id, **detail)


class ListEditor:
    """The address of one list that belongs to a row."""

    def __init__(self, parts: Parts, belongings: Belongings) -> None:
        self._pool = parts.pool
        self._of = belongings
        self._decoder = msgspec.json.Decoder(list[belongings.item])

    def responders(self) -> Responders:
        """Return reading and replacing the list."""
        of, needs, rows = self._of, self._of.owner.needs, list[self._of.item]
        found = Responders()
        read = operation(
            f"Read: {of.noun}", answer=rows, needs=f"{needs}.read", parameters=[IF_NONE_MATCH], problems=[RowUnknown]
        )
        found.on_get = read(partial(self._read))
        if of.insert:
            replaced = operation(
                f"Replace: {of.noun}",
                answer=rows,
                body=rows,
                needs=f"{needs}.write",
                if_match=True,
                problems=[*_WRITE, HoursOverlap],
            )
            found.on_put = replaced(partial(self._replace))
        if of.removable:
            found.on_delete = _removal(f"Remove: {of.noun}", needs)(partial(self._remove))
        return found

    async def _read(self, req: Request, resp: Response, slug: str, **where: Known) -> None:
        async with tenant_transaction(self._pool, slug, req.context.principal.actor) as (conn, _tenant):
            owner = await self._of.owner.get(conn, where)
            rows = await self._rows(conn, where)
        if not unchanged(req, resp, etag(owner.version)):
            resp.media = rows

    async def _replace(self, req: Request, resp: Response, slug: str, **where: Known) -> None:
        given = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        self._of.check(given)
        resp.media = await self._write(req, resp, slug, where, given)

    async def _remove(self, req: Request, resp: Response, slug: str, **where: Known) -> None:
        await self._write(req, resp, slug, where, None)
        resp.status = falcon.HTTP_204

    async def _write(
        self, req: Request, resp: Response, slug: str, where: dict[str, Any], given: list[msgspec.Struct] | None
    ) -> list[msgspec.Struct]:
        of = self._of
        async with tenant_transaction(self._pool, slug, req.context.principal.actor) as (conn, _tenant):
            require_match(req, (await of.owner.get(conn, where, lock=True)).version)
            await conn.execute(of.delete, where)
            if given is not None:
                with facts_of_database():
                    await conn.execute(of.insert, where | {"rows": Jsonb(msgspec.to_builtins(given))})
            await conn.execute(of.touch, where)
            owner, rows = await of.owner.get(conn, where), await self._rows(conn, where)
            await outbox.put(conn, "catalog.changed", where["id"], thing=of.kind)
            await audit.record(conn, f"{of.kind}.{'removed' if given is None else 'replaced'}", where["id"])
        resp.set_header("ETag", etag(owner.version))
        return rows

    async def _rows(self, conn: Connection, where: dict[str, Any]) -> list[msgspec.Struct]:
        async with conn.cursor(row_factory=class_row(self._of.item)) as cur:
            await cur.execute(self._of.select, where)
            return await cur.fetchall()


def _removal(summary: str, needs: str) -> Callable[[Any], Any]:
    return operation(summary, answer=None, needs=f"{needs}.write", if_match=True, problems=[RowUnknown])


def editor_routes(parts: Parts, path: str, table: Table) -> Routes:
    """Return the two addresses of a table: the collection, and one row."""
    editor = Editor(parts, table)
    return [(path, editor.collection()), (f"{path}/{{id:uuid}}", editor.one())]


def words_of(req: Request) -> str | None:
    """Return what to search for, as PostgreSQL can hold it."""
    return (req.get_param("search") or "").replace("\0", " ").strip() or None


def _show(resp: Response, row: Known) -> None:
    resp.set_header("ETag", etag(row.version))
    resp.media = row
