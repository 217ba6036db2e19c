"""The CDN's networks: fresh, well-formed, and the only ones that reach the edges."""

from datetime import date, timedelta
from ipaddress import ip_network

from recorder import record

from infra.cloudflare import ranges
from infra.fleet import Flow
from infra.handover import StackFile


def test_the_list_is_fresh():
    assert ranges.stale(ranges.published(), date.today()) is None  # noqa: DTZ011 - a day, wherever it is run


def test_an_old_list_says_how_old_it_is_and_what_to_do():
    found = ranges.published()

    said = ranges.stale(found, found.taken + ranges.MAX_AGE + timedelta(days=1))

    assert said is not None
    assert f"was taken {found.taken}, 366 days ago; 365 are allowed" in said
    assert "https://www.cloudflare.com/ips-v4" in said


def test_the_list_is_whole_public_sorted_and_without_overlap():
    found = ranges.published()
    networks = [*found.ipv4, *found.ipv6]

    assert (len(found.ipv4), len(found.ipv6)) == (15, 7)
    assert [one for one in networks if not one.is_global] == []
    assert [str(one) for one in found.ipv4] == sorted(str(one) for one in found.ipv4)
    assert not any(one != other and one.overlaps(other) for one in found.ipv4 for other in found.ipv4)
    assert not any(one != other and one.overlaps(other) for one in found.ipv6 for other in found.ipv6)


def test_only_the_cdn_reaches_the_load_balancer(graphs):
    made = graphs["production"]
    balancer = made.of("SecurityGroup")["balancer"]
    inward = [
        one.inputs
        for one in made.of("SecurityGroupIngressRule").values()
        if one.inputs["securityGroupId"].startswith("sg-")
    ]
    lists = {
        name: {one["cidr"] for one in found.inputs["entries"]} for name, found in made.of("ManagedPrefixList").items()
    }
    open_to_lists = sorted((one["prefixListId"], one["fromPort"]) for one in inward if "prefixListId" in one)

    assert balancer.inputs["name"] == "boka-production-balancer"
    assert open_to_lists == [
        (f"boka-production-{name}", port) for name in ("cdn-ipv4", "cdn-ipv6") for port in (80, 443)
    ]
    assert lists["cdn-ipv4"] == {str(one) for one in ranges.published().ipv4}
    assert lists["cdn-ipv6"] == {str(one) for one in ranges.published().ipv6}


def test_a_security_group_has_room_for_the_lists(graphs):
    """60 rules of each family, and a rule counts as many as its list may have."""
    found = graphs["production"].of("ManagedPrefixList").values()

    assert [one.name for one in found if one.inputs["maxEntries"] < len(one.inputs["entries"])] == []
    assert [one.name for one in found if 2 * one.inputs["maxEntries"] > 60 - 10] == []


def test_hosts_are_told_the_cdns_networks_and_the_balancers(graphs):
    content = graphs["production"].of("StackFile")["stack-file"].inputs["content"]
    flows = {flow.name: flow.sources for flow in StackFile.model_validate_json(content).flows}
    networks = [ip_network(text) for text in flows["https"]]

    assert flows["http"] == flows["https"]
    assert {one.version for one in networks} == {4}
    assert set(ranges.published().ipv4) < set(networks)
    assert {str(one) for one in networks if one.is_private} == {"10.20.0.0/20", "10.20.16.0/20", "10.20.32.0/20"}


def test_the_bastion_is_told_whom_to_let_in_and_the_others_only_the_bastion(graphs):
    """A host filters by address: a flow from "control" would let in nobody who is not on the bastion already."""
    content = graphs["production"].of("StackFile")["stack-file"].inputs["content"]
    flows = [flow for flow in StackFile.model_validate_json(content).flows if flow.name == "ssh"]

    assert {flow.target: flow.sources for flow in flows} == {
        "ops": ("203.0.113.10/32",), **dict.fromkeys(("edge", "app", "db", "cache"), ("ops",)),
    }  # fmt: skip


def test_other_flows_stay_as_they_are():
    flow = Flow(name="ssh", sources=("ops",), target="app", port=22)

    assert ranges.as_hosts_see([flow], []) == (flow,)


def test_without_the_cdn_the_edges_are_open_to_everyone():
    content = record("staging", cdn=False, cloudflare_plan="free").of("StackFile")["stack-file"].inputs["content"]

    assert {flow.sources for flow in StackFile.model_validate_json(content).flows if flow.name == "https"} == {("any",)}
