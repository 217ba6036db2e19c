"""Row-level security: a transaction sees the tenant it entered, and nobody else."""

import psycopg
import pytest

pytestmark = pytest.mark.postgresql
TABLES = [
    "service",
    "employee",
    "employee_service",
    "availability_rule",
    "customer",
    "appointment",
    "idempotency_key",
    "audit",
]


def enter(conn, salon):
    conn.execute("select set_config('app.tenant_id', %s, false)", [str(salon.id)])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", ["booking_app", "booking_owner"])
def test_rows_of_others_are_invisible(database, make_salon, book, role, table):
    book()

    with database.connect(role) as conn:
        enter(conn, make_salon())
        rows = conn.execute(f"select tenant_id from {table} where tenant_id <> current_tenant()").fetchall()  # noqa: S608

    assert rows == []


def test_outside_a_tenant_there_are_no_rows(database, book):
    book()

    with database.connect("booking_app") as conn:
        assert conn.execute("select count(*) from appointment").fetchone() == (0,)


def test_rows_cannot_be_written_for_another_tenant(database, salon, make_salon):
    with database.connect("booking_app") as conn:
        enter(conn, make_salon())

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("insert into employee (tenant_id, id, name) values (%s, gen_random_uuid(), 'Eve')", [salon.id])


def test_another_tenant_cannot_be_renamed(database, salon, make_salon):
    with database.connect("booking_app") as conn:
        enter(conn, make_salon())

        assert conn.execute("update tenant set name = 'Eve' where id = %s", [salon.id]).rowcount == 0


def test_the_service_cannot_change_what_was_audited(database, book):
    book()

    with database.connect("booking_app") as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("delete from audit")


def test_every_table_with_a_tenant_has_forced_security(admin):
    found = admin.execute(
        """
        select c.relname
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
            and not (c.relrowsecurity and c.relforcerowsecurity)
        """
    ).fetchall()

    assert found == [("outbox_pending",)]  # ids of all tenants for the worker, and nothing else
