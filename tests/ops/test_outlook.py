"""Of which hosts a preview can say what the playbook would do."""

import pytest

from ops import outlook
from ops.events import Failure, HostCounts
from ops.plays import PlayResult

LOCAL = "urn:pulumi:local::boka::boka:local:Fleet$pulumi-python:dynamic/boka:"
CLOUD = "urn:pulumi:production::boka::boka:aws:Hosts$aws:ec2/instance:Instance::"
HOSTS = ("app1", "db1")


@pytest.mark.parametrize(
    ("urn", "operation", "why"),
    [
        pytest.param(f"{LOCAL}Host::app1", "create", "it would be created", id="lost, on this machine"),
        pytest.param(f"{CLOUD}app1", "create-replacement", "it would be made anew", id="replaced, in a cloud"),
        pytest.param(f"{CLOUD}app1", "delete", "it would be removed", id="no longer wanted"),
    ],
)
def test_a_host_that_will_be_another_is_not_known(urn, operation, why):
    assert outlook.unknown(HOSTS, {urn: operation}) == {"app1": why}


@pytest.mark.parametrize(
    "moving",
    [
        pytest.param({}, id="nothing moves"),
        pytest.param({f"{CLOUD}app1": "update"}, id="a host is updated in place"),
        pytest.param({f"{LOCAL}Volume::app1": "create"}, id="something else of its name"),
    ],
)
def test_hosts_that_stay_can_be_asked(moving):
    assert outlook.unknown(HOSTS, moving) == {}


def test_no_host_is_known_when_configuration_would_be_told_something_else():
    told = "what configuration is told would change with the resources"
    moving = {f"{LOCAL}StackFile::stack-file": "update", f"{CLOUD}app2": "create"}

    assert outlook.unknown(HOSTS, moving) == {"app1": told, "db1": told, "app2": "it would be created"}


def test_a_host_that_stopped_halfway_is_counted_and_named():
    ran = PlayResult(playbook="site", hosts={"app1": HostCounts(ok=9, changed=2), "db1": HostCounts()}, restarts=[])
    lost = [Failure("app1", "check", "no nginx"), Failure("db1", "ask", "timed out", unreachable=True)]

    tasks = outlook.report(ran, lost, {"edge1": "it would be created"})

    assert tasks.hosts == {"app1": 2}
    assert list(tasks.unseen) == ["edge1", "app1", "db1"]
    assert tasks.unseen["app1"] == 'it could be asked no further, as it stopped at "check": no nginx'
