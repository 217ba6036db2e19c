"""The fleet of a cloud stack and its address plan, for any settings."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorder import as_text, settings_of

from infra import address_plan, cloud_settings, fleet
from infra.settings import SettingsError

ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
NETWORKS = st.builds(
    lambda second, third, prefix: IPv4Network((f"10.{second}.{third}.0", prefix), strict=False),
    st.integers(40, 200), st.integers(0, 255), st.integers(16, 20),
)  # fmt: skip


def described(**changed):
    return fleet.describe_cloud(cloud_settings.load("production", as_text(settings_of("production", **changed))))


@given(NETWORKS)
def test_subnets_are_disjoint_and_inside(network):
    found = list(address_plan.subnets(network, ZONES).values())

    assert len(found) == 9
    assert all(one.subnet_of(network) for one in found)
    assert not any(one.overlaps(other) for one in found for other in found if one is not other)


@given(NETWORKS, st.integers(2, 12), st.sampled_from(["full", "small"]))
def test_every_host_has_an_address_of_its_own_in_its_tiers_subnet(network, app_hosts, profile):
    made = described(network=str(network), app_hosts=app_hosts, profile=profile)
    plan = address_plan.subnets(network, ZONES)

    assert len({host.address for host in made.hosts}) == len(made.hosts)
    assert all(host.address in plan[address_plan.TIER_OF[host.groups[0]], host.zone] for host in made.hosts)
    assert all(4 <= int(host.address) % 256 < 255 for host in made.hosts)  # AWS keeps the first four and the last


@given(st.integers(2, 12))
def test_app_hosts_differ_by_at_most_one_between_zones(app_hosts):
    zones = [host.zone for host in described(app_hosts=app_hosts).in_group("app")]
    counts = [zones.count(zone) for zone in ZONES]

    assert max(counts) - min(counts) <= 1


def test_one_app_host_more_moves_no_other():
    before = {host.name: (host.address, host.zone) for host in described(app_hosts=3).hosts}
    after = {host.name: (host.address, host.zone) for host in described(app_hosts=4).hosts}

    assert set(after) - set(before) == {"app4"}
    assert before.items() <= after.items()


def test_an_image_for_a_host_that_does_not_exist_is_refused():
    with pytest.raises(SettingsError, match="host_images names app9, which is no host"):
        described(host_images={"app9": "ami-0123456789abcdef0"})


def test_the_loss_of_a_zone_leaves_a_majority_of_the_databases_cluster():
    members = [host.zone for host in described().hosts if host.name in ("db1", "db2", "cache1")]

    assert len(set(members)) == 3


def test_a_cloud_has_no_world_no_vrrp_and_no_virtual_address():
    made = described()

    assert made.in_group("world") == ()
    assert "vrrp" not in {flow.protocol for flow in made.flows}
    assert made.virtual_address is None


def test_the_control_machine_reaches_the_bastion_only():
    flows = [flow for flow in described().flows if "control" in flow.sources]

    assert [(flow.name, flow.target) for flow in flows] == [("ssh", "ops")]


@given(st.integers(0, 255))
def test_ipv6_subnets_lie_inside_the_block(number):
    text = address_plan.ipv6_subnet("2001:db8:1200::/56", number)

    assert text == f"2001:db8:1200:{number:x}::/64" if number else text == "2001:db8:1200::/64"


@pytest.mark.parametrize("environments", [("staging", "production")])
def test_the_committed_environments_do_not_overlap(environments):
    first, second = (cloud_settings.load(name, as_text(settings_of(name))).network for name in environments)

    assert not first.overlaps(second)
