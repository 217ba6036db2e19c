"""Migrations on a real PostgreSQL: up, down, up; two at once; a file that changed."""

import threading

import pytest
from boka_app.migrations import runner
from boka_app.migrations.runner import Applied, MigrationError


def applied(**changes):
    first = runner.shipped()[0]
    row = {"number": first.number, "name": first.name, "checksum": first.checksum, "applied_at": None} | changes
    return Applied(**row)


def test_every_pre_migration_can_be_taken_back():
    assert [m.name for m in runner.shipped() if "_pre_" in m.name and m.down is None] == []


def test_numbers_are_without_gap():
    assert [m.number for m in runner.shipped()] == list(range(1, len(runner.shipped()) + 1))


def test_what_ran_is_not_pending():
    assert runner.shipped()[0] not in runner.pending([applied()])


def test_a_file_changed_after_it_ran_is_refused():
    with pytest.raises(MigrationError, match="differs from what ran here"):
        runner.pending([applied(checksum="other")])


def test_a_number_that_came_too_late_is_refused():
    with pytest.raises(MigrationError, match="never applied"):
        runner.pending([applied(number=9999)])


@pytest.mark.postgresql
def test_up_down_up_ends_as_it_began(fresh_database):
    def tables(conn):
        return conn.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'public' order by 1, 2"
        ).fetchall()

    with fresh_database.connect("booking_owner") as conn:
        names = runner.up(conn)
        before = tables(conn)

        taken_back = runner.down_to(conn, 0)
        empty = {row[0] for row in tables(conn)}
        runner.up(conn)

        assert (taken_back, empty, tables(conn)) == (names[::-1], {"schema_migration"}, before)


@pytest.mark.postgresql
def test_a_second_up_applies_nothing(database):
    with database.connect("booking_owner") as conn:
        assert runner.up(conn) == []


@pytest.mark.postgresql
def test_of_two_runs_at_once_one_waits_and_finds_nothing_to_do(fresh_database):
    done = []

    def run():
        with fresh_database.connect("booking_owner") as conn:
            done.append(runner.up(conn))

    threads = [threading.Thread(target=run) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join(timeout=30) for thread in threads]

    assert sorted(map(len, done)) == [0, len(runner.shipped())]
