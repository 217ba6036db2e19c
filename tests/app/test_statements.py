"""What a statement's function returns, and what it raises when there is nothing, or too much."""

import asyncio

import msgspec
import psycopg
import pytest
from boka_app.conventions.model import AlreadyTaken, ReferenceUnknown
from boka_app.statements import column, many, one, run, the, value, write

pytestmark = pytest.mark.postgresql
_NUMBERS = "select n, n * 2 as twice from generate_series(1, %(most)s) n where n <> %(but)s order by n"
_MISSING = "select 1 as n, 2 as twice where %(id)s = 0"


class Number(msgspec.Struct):
    n: int
    twice: int


@pytest.fixture
def asked(database):
    """What a statement's function answers, with these values."""

    def ask(function, **values):
        async def whole():
            kwargs = database.as_role("booking_app")
            async with await psycopg.AsyncConnection.connect(**kwargs, autocommit=True) as conn:
                return await function(conn, **values)

        return asyncio.run(whole())

    return ask


def test_rows_come_as_structs(asked):
    assert asked(many(Number, _NUMBERS), most=3, but=2) == [Number(1, 2), Number(3, 6)]
    assert asked(one(Number, _NUMBERS), most=3, but=1) == Number(2, 4)


def test_values_hold_unless_the_caller_says_otherwise(asked):
    listed = many(Number, _NUMBERS, but=0)

    assert (len(asked(listed, most=2)), len(asked(listed, most=2, but=1))) == (2, 1)


def test_one_column_comes_without_a_struct(asked):
    assert asked(column("select n from generate_series(1, 3) n")) == [1, 2, 3]
    assert asked(value("select %(id)s::int + 1"), id=6) == 7


def test_nothing_is_none_or_what_the_caller_is_told(asked):
    assert asked(one(Number, _MISSING), id=4) is None
    assert asked(value(_MISSING), id=4) is None
    with pytest.raises(LookupError, match="no number 4"):
        asked(the(Number, _MISSING, lambda given: LookupError(f"no number {given['id']}")), id=4)


def test_a_change_tells_how_many_rows_it_touched(asked):
    assert asked(run("update employee set name = name where id = %(id)s"), id=None) == 0


@pytest.mark.parametrize(
    ("sqlstate", "refusal"), [("unique_violation", AlreadyTaken), ("foreign_key_violation", ReferenceUnknown)]
)
def test_a_broken_constraint_is_told_as_what_it_is(asked, sqlstate, refusal):
    broken = f"do $$ begin raise {sqlstate} using constraint = 'the_rule'; end $$"

    with pytest.raises(refusal, match="the_rule"):
        asked(write(broken))
