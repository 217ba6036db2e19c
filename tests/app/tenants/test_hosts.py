"""A host name leads to the pages of one tenant, or to the site."""

import asyncio
import secrets

import pytest
from boka_app.database import make_pool
from boka_app.tenants.hosts import TenantHosts

pytestmark = pytest.mark.postgresql


@pytest.fixture
def own_name(admin, salon):
    """A host name of the salon's own."""
    name = f"{secrets.token_hex(4)}.example.org"
    admin.execute("update tenant set host_name = %s where id = %s", [name, salon.id])
    return name


@pytest.fixture
def slug_of(database):
    def run(host):
        async def whole():
            async with make_pool(database.as_role("booking_app"), max_size=1) as pool:
                return await TenantHosts(pool, "https://boka.test:8443").slug_of(host)

        return asyncio.run(whole())

    return run


def test_a_name_of_its_own_leads_to_the_tenant(slug_of, salon, own_name):
    assert (slug_of(own_name), slug_of(f"{own_name.upper()}.")) == (salon.slug, salon.slug)


def test_a_slug_below_the_sites_host_leads_to_the_tenant(slug_of, salon):
    assert slug_of(f"{salon.slug}.boka.test") == salon.slug


@pytest.mark.parametrize("host", ["boka.test", "stranger.example.org", "stranger.boka.test", "127.0.0.1"])
def test_any_other_name_leads_to_the_site(slug_of, host):
    assert slug_of(host) is None


def test_nobody_takes_anothers_name_below_the_site(slug_of, admin, salon, make_salon):
    other = make_salon()
    admin.execute("update tenant set host_name = %s where id = %s", [f"{other.slug}.boka.test", salon.id])

    assert slug_of(f"{other.slug}.boka.test") == other.slug


def test_a_closed_tenant_is_led_to_by_no_name(slug_of, admin, salon, own_name):
    admin.execute("update tenant set active = false where id = %s", [salon.id])

    assert slug_of(own_name) is None


def test_the_root_of_its_host_shows_the_tenants_pages(serve, salon, own_name):
    async def both(client):
        root = await client.simulate_get("/", host=own_name)
        return root, await client.simulate_get(f"/b/{salon.slug}", host=own_name)

    root, page = serve(both)

    assert (root.status_code, root.text) == (200, page.text)
