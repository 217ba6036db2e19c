"""The estimate counts what the programs make, knows its date, and guesses nothing."""

import pytest
from recorder import as_text, record, settings_of

from infra import cloud_settings, cost, fleet


def estimated(stack="production", **changed):
    chosen = cloud_settings.load(stack, as_text(settings_of(stack, **changed)))
    return cost.estimate(chosen, fleet.describe_cloud(chosen), cost.table())


def counted(found, what):
    return next((item.count for item in found.items if item.what == what), 0)


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_it_counts_what_the_programs_make(graphs, stack):
    found, base, made = estimated(stack), graphs[f"{stack}-base"], graphs[stack]

    assert sum(item.count for item in found.items if item.what.endswith(" hosts")) == len(made.of("Instance"))
    assert counted(found, "NAT gateways") == len(base.of("NatGateway"))
    assert counted(found, "public addresses") == len(base.of("Eip")) + len(made.of("Eip"))
    assert counted(found, "KMS keys") == len(base.of("Key")) + 1  # the state's, by boka init


def test_it_counts_the_endpoints_that_take_the_place_of_gateways():
    found, base = estimated("staging", egress="endpoints"), record("staging-base", egress="endpoints")
    interfaces = [one for one in base.of("VpcEndpoint").values() if one.inputs["vpcEndpointType"] == "Interface"]

    assert counted(found, "interface endpoints") == len(interfaces) * 3


def test_every_disk_is_in_it(graphs):
    made = graphs["production"]
    roots = [one.inputs["rootBlockDevice"]["volumeSize"] for one in made.of("Instance").values()]

    assert counted(estimated(), "GiB of gp3 volumes") == sum(roots) + sum(
        one.inputs["size"] for one in made.of("Volume").values()
    )


def test_a_region_without_prices_has_no_estimate():
    images = {"eu-north-1": "ami-0123456789abcdef0"}
    found = estimated(region="eu-north-1", zones=["eu-north-1a", "eu-north-1b", "eu-north-1c"], images=images)

    assert (found.items, found.usd_a_month) == ((), 0)


def test_every_instance_type_that_may_be_chosen_has_a_price():
    prices = cost.table()["regions"]["eu-central-1"]["instance_hour"]

    assert set(prices) == set(fleet.INSTANCE_SIZES)


def test_the_table_says_its_month_and_where_it_is_from():
    assert cost.table()["as_of"][:2] == "20"
    assert "list prices" in cost.table()["source"]
