"""What Prometheus learns of a machine, asked from the host where Prometheus runs, and who else may ask."""

import pytest
from reach import is_dropped

testinfra_hosts = ["ansible://db"]
PORT = 9100
pytestmark = pytest.mark.journal("prometheus-node-exporter.service")


@pytest.fixture(scope="module")
def metrics(host, address):
    """Metrics of the database's host, as the operations host gets them."""
    operations = host.get_host("ansible://ops1", ansible_inventory=host.backend.ansible_inventory)
    return operations.check_output("curl -sS --max-time 5 http://%s:%s/metrics", address("db1"), str(PORT))


def test_the_operations_host_learns_which_machine_it_is(metrics):
    assert 'nodename="db1"' in metrics


def test_it_tells_the_state_of_units(metrics):
    assert 'node_systemd_unit_state{name="nftables.service",state="active",type="oneshot"} 1' in metrics


def test_it_tells_how_full_the_data_volume_is(metrics):
    assert 'mountpoint="/var/lib/postgresql"' in metrics


def test_a_host_that_is_not_for_operations_gets_no_answer(host, address):
    app = host.get_host("ansible://app1", ansible_inventory=host.backend.ansible_inventory)

    answer = app.run("curl -sS --max-time 1 http://%s:%s/metrics", address("db1"), str(PORT))

    assert answer.rc == 28, "curl's code for no answer in time"


def test_the_machine_with_ansible_gets_no_answer_either(address):
    assert is_dropped(address("db1"), PORT)
