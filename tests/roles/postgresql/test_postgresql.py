"""The database as its clients meet it: from an app host, over TLS, as the role that the service has."""

import psycopg
import pytest
from reach import is_dropped

testinfra_hosts = ["ansible://db?sudo=true"]
pytestmark = pytest.mark.journal("postgresql@17-main.service")


@pytest.fixture(scope="module")
def connect(stack, secret, authority, from_host):
    """Connect as an app host does, with some of it done otherwise."""
    port = from_host("app1", "db1", 5432)

    def connect_as(role, **otherwise):
        usual = {
            "host": f"db1.{stack.stack}.internal.test", "hostaddr": "127.0.0.1", "port": port, "dbname": "booking",
            "user": role, "password": secret(f"database/{role}"), "connect_timeout": 5,
            "sslmode": "verify-full", "sslrootcert": str(authority),
        }  # fmt: skip
        return psycopg.connect(**usual | otherwise)

    return connect_as


def test_the_service_gets_in_over_tls(connect):
    with connect("booking_app") as session:
        row = session.execute("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()").fetchone()

    assert row == (True, "TLSv1.3")


def test_nobody_gets_in_without_tls(connect):
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect("booking_app", sslmode="disable")


def test_a_wrong_password_is_refused(connect):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect("booking_app", password="guessed")


def test_the_superuser_cannot_come_from_another_host(connect):
    with pytest.raises(psycopg.OperationalError, match="pg_hba"):
        connect("postgres")


def test_the_service_cannot_make_tables(connect):
    with connect("booking_app") as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("create table stray (id int)")


def test_the_owner_of_the_schema_can(connect):
    with connect("booking_owner") as session:
        session.execute("create table stray (span tstzrange, exclude using gist (span with &&))")
        session.rollback()


def test_the_service_does_not_wait_for_ever(connect):
    with connect("booking_app") as session:
        assert session.execute("select current_setting('statement_timeout')").fetchone() == ("5s",)


def test_pages_have_checksums_and_the_memory_fits_the_host(connect, stack):
    with connect("booking_owner") as session:
        sums, shared = session.execute(
            "select current_setting('data_checksums'), pg_size_bytes(current_setting('shared_buffers')) / 1048576"
        ).fetchone()

    assert (sums, shared) == ("on", stack.hosts["db1"].memory_mib // 4)


def test_the_machine_with_ansible_gets_no_answer(address):
    assert is_dropped(address("db1"), 5432)
