"""The SQL of rows that staff edit, made of what is said of them once: their members, their table, how they are found.

Names come from our own structs and are quoted; whatever is more than a name is a literal of the table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, LiteralString, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType
from psycopg.rows import class_row
from psycopg.sql import SQL, Composable, Identifier, Placeholder

from boka_app.conventions.model import RowUnknown
from boka_app.database import Connection

_PAGE = """
and (%(after)s::{kind} is null or ({key}, {id}) {beyond} (%(after)s::{kind}, %(after_id)s::uuid))
and (%(search)s::text is null or {search})
order by {key} {way}, {id} {way}
limit %(fetch)s
"""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One kind of row. `row` has what `new` has, an id and a version; without `new` its rows are only listed.

    Literals take the path's parameters by name, `search` also %(search)s and `also` the members of `new`.
    """

    kind: LiteralString  # in the audit's actions
    noun: str = ""  # in sentences; unless told, the kind
    needs: str  # before .read and .write
    row: type[msgspec.Struct]
    new: type[msgspec.Struct] | None = None
    source: LiteralString = ""  # the table; unless told, the kind
    within: LiteralString = "tenant_id = current_tenant()"
    changeable: LiteralString = "true"  # what holds of a row that staff may still change
    columns: Mapping[str, LiteralString] = field(
        default_factory=dict[str, LiteralString]
    )  # of other names, or computed
    search: LiteralString = "true"
    sorted_by: LiteralString = "name"
    newest_first: bool = False
    also: LiteralString = ""  # what else a change sets, after a comma
    fixed: bool = False  # staff neither make nor remove such rows
    event: str | None = "catalog.changed"

    def __post_init__(self) -> None:
        """Name what is not named after the kind."""
        object.__setattr__(self, "noun", self.noun or self.kind)
        object.__setattr__(self, "source", self.source or self.kind)

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Return what staff write, and the types of it."""
        return {} if self.new is None else get_type_hints(self.new, include_extras=True)

    @cached_property
    def changes(self) -> type[msgspec.Struct]:
        """Return the type of a PATCH: every member of `new`, none required."""
        fields = [(name, kind | UnsetType, UNSET) for name, kind in self.hints.items()]
        name = f"{getattr(self.new, '__name__', '')}Changes"
        return msgspec.defstruct(name, fields, forbid_unknown_fields=True, kw_only=True)

    @cached_property
    def key(self) -> type[Any]:
        """Return the type of what sorts the rows."""
        return datetime if get_type_hints(self.row)[self.sorted_by] is datetime else str

    @cached_property
    def select(self) -> bytes:
        """Return what selects every row; more conditions may follow."""
        columns = [
            SQL("{} as {}").format(SQL(self.columns[each]), Identifier(each))
            if each in self.columns
            else Identifier(each)
            for each in self.row.__struct_fields__
        ]
        return _made("select {} from {} where {}", _listed(columns), SQL(self.source), SQL(self.within))

    @cached_property
    def page(self) -> bytes:
        """Return what selects up to `fetch` rows after the key `after` and `after_id`."""
        parts: dict[str, LiteralString] = {
            "key": self.columns.get(self.sorted_by, self.sorted_by),
            "id": self.columns.get("id", "id"),
            "kind": "timestamptz" if self.key is datetime else "text",
            "beyond": "<" if self.newest_first else ">",
            "way": "desc" if self.newest_first else "asc",
            "search": self.search,
        }
        return self.select + SQL(_PAGE).format(**{name: SQL(text) for name, text in parts.items()}).as_bytes(None)

    @cached_property
    def insert(self) -> bytes:
        """Return what inserts a row."""
        columns, values = _listed(map(Identifier, self.hints)), _listed(map(Placeholder, self.hints))
        sql: LiteralString = "insert into {} (tenant_id, id, {}) values (current_tenant(), %(id)s, {})"
        return _made(sql, SQL(self.source), columns, values)

    @cached_property
    def update(self) -> bytes:
        """Return what writes every column that staff may change."""
        sets = _listed(SQL("{} = {}").format(Identifier(each), Placeholder(each)) for each in self.hints)
        parts = SQL(self.source), sets, SQL(self.also), SQL(self.within), SQL(self.changeable)
        return _made("update {} set {}{} where {} and {} and id = %(id)s", *parts)

    @cached_property
    def delete(self) -> bytes:
        """Return what removes a row; a foreign key may refuse it."""
        return _made("delete from {} where {} and id = %(id)s", SQL(self.source), SQL(self.within))

    @cached_property
    def touch(self) -> bytes:
        """Return what makes a row's version grow."""
        return _made("update {} set id = id where {} and id = %(id)s", SQL(self.source), SQL(self.within))

    async def list(self, conn: Connection, **given: Any) -> list[Any]:  # noqa: ANN401  as the address has them
        """Return the rows of one page."""
        async with conn.cursor(row_factory=class_row(self.row)) as cur:
            return await (await cur.execute(self.page, given)).fetchall()

    async def get(self, conn: Connection, where: Mapping[str, Any], *, lock: bool = False) -> Any:  # noqa: ANN401  `row`
        """Return one row.

        Raises:
            RowUnknown: the entered tenant has none such.
        """
        statement = self.select + b" and id = %(id)s" + (b" for update" if lock else b"")
        async with conn.cursor(row_factory=class_row(self.row)) as cur:
            row = await (await cur.execute(statement, where)).fetchone()
        if row is None:
            raise RowUnknown(self.noun)
        return row


def _made(sql: LiteralString, *parts: Composable) -> bytes:
    return SQL(sql).format(*parts).as_bytes(None)


def _listed(parts: Iterable[Composable]) -> Composable:
    return SQL(", ").join(parts)
