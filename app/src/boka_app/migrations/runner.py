"""Apply and take back migrations: one transaction each, one runner at a time, and no file changed after it ran."""

import hashlib
import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, cast

import msgspec
import psycopg
from psycopg.rows import class_row

APPLIED: LiteralString = "select number, name, checksum, applied_at from schema_migration order by number"

_NAME = re.compile(r"(\d{4})_(?:pre|post)_\w+\.sql")
_LOCK_ID = 0x626F6B61  # "boka": two runs wait for each other, nobody else uses the number
_TABLE = """
create table if not exists schema_migration (
    number integer not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now(),
    constraint schema_migration_pkey primary key (number)
)
"""
_RECORD = "insert into schema_migration (number, name, checksum) values (%(number)s, %(name)s, %(checksum)s)"
_FORGET = "delete from schema_migration where number = %(number)s"

Connection = psycopg.Connection[tuple[Any, ...]]


class MigrationError(Exception):
    """The schema and the files do not fit together."""


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One file, and the one that takes it back if there is one."""

    number: int
    name: str
    checksum: str
    up: LiteralString
    down: LiteralString | None


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """One row of what ran here."""

    number: int
    name: str
    checksum: str
    applied_at: datetime


@cache
def shipped() -> tuple[Migration, ...]:
    """Return the migrations of this release in order."""
    folder = files("boka_app.migrations")
    names = sorted(entry.name for entry in folder.iterdir() if _NAME.fullmatch(entry.name))
    return tuple(_read(name) for name in names)


def pending(applied: list[Applied]) -> list[Migration]:
    """Return what is still to run.

    Raises:
        MigrationError: a file changed after it ran, or an unapplied one comes before an applied one.
    """
    done = {row.number: row for row in applied}
    changed = [m.name for m in shipped() if m.number in done and done[m.number].checksum != m.checksum]
    if changed:
        raise MigrationError(f"{changed[0]} differs from what ran here. Restore the file; put the change in a new one.")
    missing = [m for m in shipped() if m.number not in done]
    if missing and done and missing[0].number < max(done):
        raise MigrationError(f"{missing[0].name} was never applied, but {max(done)} was. Renumber it to come last.")
    return missing


def up(conn: Connection) -> list[str]:
    """Apply all that is pending; return their names."""
    with _only_runner(conn):
        todo = pending(applied_in(conn))
        for migration in todo:
            _apply(conn, migration.up, _RECORD, migration)
    return [m.name for m in todo]


def down_to(conn: Connection, number: int) -> list[str]:
    """Take back everything after `number`, newest first; return their names. 0 empties the database.

    Raises:
        MigrationError: one of them cannot be taken back; nothing was.
    """
    with _only_runner(conn):
        done = {row.number for row in applied_in(conn) if row.number > number}
        todo = [m for m in reversed(shipped()) if m.number in done]
        unknown = done - {m.number for m in todo}
        if unknown:
            raise MigrationError(f"migration {max(unknown)} is not in this release. Use the release that applied it.")
        fixed = [m.name for m in todo if m.down is None]
        if fixed:
            raise MigrationError(f"{fixed[0]} goes forward only. Restore a backup, or write a new migration.")
        for migration in todo:
            _apply(conn, cast("LiteralString", migration.down), _FORGET, migration)
    return [m.name for m in todo]


def applied_in(conn: Connection) -> list[Applied]:
    """Return what ran here; nothing if no migration ever did."""
    row = conn.execute("select to_regclass('schema_migration') is not null").fetchone()
    if row != (True,):
        return []
    with conn.cursor(row_factory=class_row(Applied)) as cur:
        return cur.execute(APPLIED).fetchall()


@contextmanager
def _only_runner(conn: Connection) -> Generator[None]:
    conn.execute("set lock_timeout = '60s'")  # for the other runner; each migration has a short one of its own
    conn.execute("set statement_timeout = '0'")
    conn.execute("select pg_advisory_lock(%(id)s)", {"id": _LOCK_ID})
    try:
        conn.execute(_TABLE)
        yield
    finally:
        conn.execute("select pg_advisory_unlock(%(id)s)", {"id": _LOCK_ID})


def _apply(conn: Connection, sql: LiteralString, bookkeeping: LiteralString, migration: Migration) -> None:
    with conn.transaction():
        conn.execute("set local lock_timeout = '2s'")  # a waiting alter table blocks every query behind it
        conn.execute("set local statement_timeout = '10min'")
        conn.execute(sql)
        conn.execute(bookkeeping, {"number": migration.number, "name": migration.name, "checksum": migration.checksum})


def _read(name: str) -> Migration:
    folder = files("boka_app.migrations")
    text = folder.joinpath(name).read_text()
    back = folder.joinpath(name.replace(".sql", ".down.sql"))
    return Migration(
        number=int(name[:4]),
        name=name,
        checksum=hashlib.sha256(text.encode()).hexdigest(),
        up=cast("LiteralString", text),  # our own packaged files, never input
        down=cast("LiteralString", back.read_text()) if back.is_file() else None,
    )
