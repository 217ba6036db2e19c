"""When the load balancer sends users to an edge, and that it may ask it."""

import pytest
import yaml
from recorder import REPOSITORY


@pytest.fixture
def groups(graphs):
    found = graphs["production"].of("TargetGroup")
    assert set(found) == {"http", "https"}
    return list(found.values())


def test_it_asks_an_edge_whether_it_works_as_keepalived_does(groups):
    checks = [one.inputs["healthCheck"] for one in groups]
    default = yaml.safe_load((REPOSITORY / "roles/keepalived/defaults/main.yml").read_text())

    assert {one["path"] for one in checks} == {default["keepalived_check_path"]}
    assert {(one["protocol"], one["port"], one["matcher"]) for one in checks} == {("HTTP", "80", "200")}


def test_an_edge_that_works_no_more_is_left_out_within_15_seconds(groups):
    checks = [one.inputs["healthCheck"] for one in groups]

    assert all(one["interval"] * one["unhealthyThreshold"] + one["timeout"] <= 15 for one in checks)
    assert all(one["timeout"] < one["interval"] for one in checks)


def test_requests_under_way_at_a_drained_edge_are_answered(groups):
    states = [one.inputs["targetHealthStates"] for one in groups]

    assert states == [[{"enableUnhealthyConnectionTermination": False, "unhealthyDrainingInterval": 30}]] * 2


def test_it_may_reach_an_edge_where_it_asks(graphs):
    made = graphs["production"]

    out = made.of("SecurityGroupEgressRule")["http-to-edge-balancer"].inputs
    into = made.of("SecurityGroupIngressRule")["http-from-balancer-edge"].inputs

    assert (out["fromPort"], out["ipProtocol"], into["fromPort"], into["ipProtocol"]) == (80, "tcp", 80, "tcp")
    assert out["referencedSecurityGroupId"] == into["securityGroupId"]
    assert into["referencedSecurityGroupId"] == out["securityGroupId"]
