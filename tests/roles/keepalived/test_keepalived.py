"""The virtual address: one edge holds it, and another takes it when the holder's nginx no longer answers."""

import pytest
from reach import PinnedConnection, eventually

testinfra_hosts = ["ansible://edge1?sudo=true"]
pytestmark = pytest.mark.journal("keepalived.service")


@pytest.fixture
def edges(host):
    """Both edges by name."""
    other = host.get_host("ansible://edge2?sudo=true", ansible_inventory=host.backend.ansible_inventory)
    return {"edge1": host, "edge2": other}


@pytest.fixture
def holders(edges, stack):
    """Ask the edges which of them hold the virtual address now."""
    mark = f" {stack.network.virtual_address}/"
    return lambda: [name for name, edge in edges.items() if mark in edge.check_output("ip -oneline -4 address show")]


@pytest.fixture
def answer(stack, believes_site):
    """Ask the virtual address as a browser does; return the status."""

    def ask():
        connection = PinnedConnection("boka.test", stack.network.virtual_address, believes_site)
        connection.request("GET", "/edge-health")
        return connection.getresponse().status

    return ask


@pytest.fixture
def broken(edges, holders):
    """The edge that held the address until its nginx was stopped; it runs again afterwards."""
    eventually(lambda: len(holders()) == 1, within_s=15)  # an election after a start takes about 4 s
    (name,) = holders()
    edges[name].check_output("systemctl stop nginx")
    yield name
    edges[name].check_output("systemctl start nginx")


def test_exactly_one_edge_holds_the_address(holders):
    eventually(lambda: len(holders()) == 1, within_s=15)  # as above


def test_the_site_answers_at_the_address(answer):
    assert answer() == 200


def test_the_other_edge_takes_the_address_of_one_whose_nginx_is_down(broken, holders, answer):
    (other,) = {"edge1", "edge2"} - {broken}

    eventually(lambda: holders() == [other], within_s=10)  # two failed questions, one a second, and an election

    assert answer() == 200


def test_it_stays_there_when_the_first_is_back(holders):
    assert len(holders()) == 1
