"""The virtual address: it answers for the site, on a host whose nginx works and on no other."""

import pytest
from reach import PinnedConnection, eventually

testinfra_hosts = ["ansible://edge?sudo=true"]
pytestmark = pytest.mark.journal("keepalived.service")


@pytest.fixture
def holds(host, stack):
    """Whether this host holds the virtual address now."""

    def holds_the_address():
        return f" {stack.network.virtual_address}/" in host.check_output("ip -oneline -4 address show")

    return holds_the_address


@pytest.fixture
def broken_nginx(host):
    host.check_output("systemctl stop nginx")
    yield
    host.check_output("systemctl start nginx")


def test_the_site_answers_at_the_virtual_address(stack, believes_site):
    connection = PinnedConnection("boka.test", stack.network.virtual_address, believes_site)

    connection.request("GET", "/edge-health")

    assert connection.getresponse().status == 200


@pytest.mark.usefixtures("broken_nginx")
def test_a_host_whose_nginx_is_down_gives_the_address_up(holds):
    eventually(lambda: not holds(), within_s=10)  # two failed questions, one a second


def test_it_takes_the_address_again_when_nginx_is_back(holds):
    eventually(holds, within_s=20)  # two good answers and an election
