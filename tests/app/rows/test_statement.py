"""Statements as functions: what goes in by name, what comes out by type."""

import asyncio

import msgspec
import pytest
from boka_app.rows.statement import statement
from psycopg import AsyncConnection

pytestmark = pytest.mark.postgresql


class Pair(msgspec.Struct):
    name: str
    size: int


class Absent(Exception):
    pass


@statement("select %(name)s::text as name, %(size)s::int as size")
async def echo(conn: AsyncConnection, pair: Pair) -> Pair: ...


@statement("select n as size, %(name)s::text as name from generate_series(1, %(most)s) n order by n")
async def pairs(conn: AsyncConnection, most: int, *, name: str = "n") -> list[Pair]: ...


@statement("select n from generate_series(1, %(most)s) n order by n")
async def numbers(conn: AsyncConnection, most: int) -> list[int]: ...


@statement("select 7 where %(size)s > 0")
async def number_or_none(conn: AsyncConnection, size: int) -> int | None: ...


@statement("select 7 where %(size)s > 0", missing=Absent)
async def number(conn: AsyncConnection, size: int) -> int: ...


@statement("select true")
async def truth(conn: AsyncConnection) -> bool: ...


@statement("select set_config('boka.test', %(value)s, false)")
async def remember(conn: AsyncConnection, value: str) -> None: ...


@statement("update tenant set name = name where slug = %(slug)s")
async def touch(conn: AsyncConnection, slug: str) -> bool: ...


@statement("select name from tenant where slug = %(slug)s")
async def name_of(conn: AsyncConnection, slug: str, *, lock: bool = False) -> str | None: ...


def asked(database, talk):
    async def whole():
        async with await AsyncConnection.connect(**database.kwargs, autocommit=True) as conn:
            return await talk(conn)

    return asyncio.run(whole())


def test_a_struct_gives_its_members_and_is_made_of_a_row(database):
    assert asked(database, lambda conn: echo(conn, Pair("n", 2))) == Pair("n", 2)


def test_a_list_has_every_row(database):
    assert asked(database, lambda conn: pairs(conn, 2)) == [Pair("n", 1), Pair("n", 2)]


def test_a_list_of_no_struct_has_the_only_column(database):
    assert asked(database, lambda conn: numbers(conn, 2)) == [1, 2]


@pytest.mark.parametrize(("size", "found"), [(1, 7), (0, None)])
def test_what_may_be_none_is_none_without_a_row(database, size, found):
    assert asked(database, lambda conn: number_or_none(conn, size)) == found


def test_what_must_be_there_is_missed_by_its_name(database):
    with pytest.raises(Absent, match="0"):
        asked(database, lambda conn: number(conn, 0))


def test_a_value_of_truth_is_returned(database):
    assert asked(database, truth) is True


def test_what_answers_none_drops_its_rows(database):
    assert asked(database, lambda conn: remember(conn, value="x")) is None


def test_a_change_tells_whether_a_row_was_changed(database, salon):
    found = asked(database, lambda conn: touch(conn, salon.slug)), asked(database, lambda conn: touch(conn, "none"))

    assert found == (True, False)


def test_lock_asks_for_the_row_alone(database, salon):
    async def both(conn):
        free = await name_of(conn, salon.slug)
        async with conn.transaction():
            locked = await name_of(conn, salon.slug, lock=True)
            held = await (await conn.execute("select count(*) from pg_locks where mode = 'RowShareLock'")).fetchone()
        return free, locked, held[0] > 0

    assert asked(database, both) == ("Salon", "Salon", True)
