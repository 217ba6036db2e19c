from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra import fleet, settings

REPOSITORY = Path(__file__).parents[2]


def described(**values):
    return fleet.describe(settings.load("local", values))


def test_the_full_profile_has_every_group_on_hosts_of_its_own():
    names = [host.name for host in described().hosts]

    assert names == ["edge1", "edge2", "app1", "app2", "app3", "db1", "db2", "cache1", "ops1", "world1"]


def test_the_small_profile_shares_one_host_between_operations_and_cache():
    small = described(profile="small")

    assert [host.name for host in small.hosts] == ["edge1", "edge2", "app1", "app2", "db1", "ops1", "world1"]
    assert [host.name for host in small.in_group("cache")] == ["ops1"]


@given(st.integers(2, 12), st.integers(0, 254), st.sampled_from(["full", "small"]))
def test_every_host_has_an_address_of_its_own_inside_the_stacks_subnet(app_hosts, third, profile):
    made = described(app_hosts=app_hosts, subnet=f"198.18.{third}.0/24", profile=profile)
    addresses = [host.address for host in made.hosts] + [made.control_address, made.virtual_address]

    assert len(set(addresses)) == len(addresses)
    assert all(address in made.network for address in addresses)


def test_only_the_edge_is_open_to_everyone():
    open_ports = {(flow.target, flow.port) for flow in fleet.FLOWS if "any" in flow.sources}

    assert open_ports == {("edge", 80), ("edge", 443)}


def test_every_flow_joins_groups_that_exist():
    ends = {end for flow in fleet.FLOWS for end in (*flow.sources, flow.target)}

    assert ends <= {*fleet.GROUPS, "control", "any"}


@pytest.mark.parametrize("profile", ["full", "small"])
def test_every_volume_belongs_to_a_host(profile):
    made = described(profile=profile)

    assert {volume.host for volume in made.volumes} <= {host.name for host in made.hosts}


def test_site_yml_applies_exactly_the_roles_that_images_are_baked_for():
    plays = yaml.safe_load((REPOSITORY / "playbooks" / "site.yml").read_text())
    applied = {role["role"] if isinstance(role, dict) else role for play in plays for role in _roles(play)}

    assert applied == {*fleet.COMMON_ROLES, *(role for roles in fleet.ROLES.values() for role in roles)}


def _roles(play):
    named = list(play.get("roles", []))
    for task in [*play.get("pre_tasks", []), *play.get("tasks", []), *play.get("post_tasks", [])]:
        included = task.get("ansible.builtin.include_role") or task.get("ansible.builtin.import_role")
        named += [included["name"]] if included else []
    return named
