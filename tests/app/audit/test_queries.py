"""The chain of the audit tells what was changed, removed or added behind its back."""

import asyncio

import pytest
from boka_app.audit import queries
from boka_app.database import make_pool, tenant_transaction

pytestmark = pytest.mark.postgresql


@pytest.fixture
def verify(database, salon):
    """Recompute the salon's chain, as the service's role; return how long it is and where it breaks."""

    def run():
        async def whole():
            async with (
                make_pool(database.as_role("booking_app"), max_size=1) as pool,
                tenant_transaction(pool, salon.slug) as (conn, _tenant),
            ):
                return await queries.verify(conn)

        found = asyncio.run(whole())
        return found.entries, found.broken_at

    return run


@pytest.fixture
def tamper(admin, salon):
    """Change the audit as only a superuser can who switches its guards off."""

    def run(statement):
        with admin.transaction():
            admin.execute("set local session_replication_role = replica")
            admin.execute(statement, {"tenant": salon.id})

    return run


@pytest.fixture
def three_entries(admin, salon):
    """Three in one chain, as one transaction writes them."""
    admin.execute(
        "insert into audit (tenant_id, action, subject_id, request_id) "
        "select %(tenant)s, 'tenant.changed', %(tenant)s, 'three' from generate_series(1, 3)",
        {"tenant": salon.id},
    )


def test_entries_of_many_transactions_are_whole_together(ask, verify):
    for number in range(20):  # more than a tenant has chains
        ask("PATCH", "settings", {"name": f"Name {number}"}, match="*")

    assert verify() == (20, None)


@pytest.mark.usefixtures("three_entries")
def test_an_untouched_chain_is_whole(verify):
    assert verify() == (3, None)


def test_a_tenant_without_entries_is_whole(verify):
    assert verify() == (0, None)


@pytest.mark.usefixtures("three_entries")
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        pytest.param(
            "update audit set action = 'x' where tenant_id = %(tenant)s and position = 2", (3, 2), id="an entry changed"
        ),
        pytest.param("delete from audit where tenant_id = %(tenant)s and position = 1", (2, 1), id="the first removed"),
        pytest.param("delete from audit where tenant_id = %(tenant)s and position = 2", (2, 2), id="one removed"),
        pytest.param("delete from audit where tenant_id = %(tenant)s and position = 3", (2, 3), id="the last removed"),
        pytest.param("delete from audit where tenant_id = %(tenant)s", (0, 1), id="all removed"),
        pytest.param("delete from audit_head where tenant_id = %(tenant)s", (3, 1), id="the head removed"),
        pytest.param("update audit_head set position = 2 where tenant_id = %(tenant)s", (3, 3), id="the head set back"),
        pytest.param(
            "update audit_head set hash = '\\x00' where tenant_id = %(tenant)s", (3, 3), id="the head's hash changed"
        ),
        pytest.param(
            "insert into audit (tenant_id, action, subject_id, request_id, chain, position, previous_hash, hash) "
            "select tenant_id, action, subject_id, request_id, chain, 4, hash, hash from audit "
            "where tenant_id = %(tenant)s and position = 3",
            (4, 4),
            id="one added",
        ),
    ],
)
def test_a_touched_chain_tells_where(verify, tamper, statement, found):
    tamper(statement)

    assert verify() == found
