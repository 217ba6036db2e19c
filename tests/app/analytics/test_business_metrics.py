"""`/api/business-metrics`: figures of all tenants, for the platform alone."""

import pytest

pytestmark = pytest.mark.postgresql
ADDRESS = "/api/business-metrics"


@pytest.fixture
def read(serve, salon, staff):
    def ask(role, **query):
        headers = staff(None if role == "platform_admin" else salon, role)
        return serve(lambda client: client.simulate_get(ADDRESS, params=query, headers=headers))

    return ask


def test_an_administrator_reads_the_last_thirty_days_of_every_tenant(read, salon, book):
    book()

    answer = read("platform_admin")

    assert (answer.status_code, answer.json["to"]) == (200, "2026-11-20")
    assert salon.slug in {tenant["slug"] for tenant in answer.json["tenants"]}


def test_a_range_that_ends_before_it_begins_is_refused(read):
    answer = read("platform_admin", **{"from": "2026-11-20", "to": "2026-11-01"})

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/range-invalid")


def test_an_owner_does_not_read_of_others(read):
    assert read("owner").status_code == 403
