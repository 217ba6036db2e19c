"""Staging's wiring on real hosts: its inventory, the way through the bastion, every role, a booking at the end."""

import json
import socket

import httpx
import pytest
from cloud_hosts import cloud_hosts
from visitor import Visitor

from ops import plays, site_root, stacks

pytestmark = pytest.mark.hosts

CUSTOMER = {"name": "Ada Customer", "email": "ada@customer.test"}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    with cloud_hosts(tmp_path_factory.mktemp("cloud")) as made:
        yield made


@pytest.fixture(scope="module")
def configured(hosts):
    hosts.configure()
    return hosts


@pytest.fixture(scope="module")
def visitor(configured):
    root = site_root.fetch(stacks.named(configured.lab.name), configured.lab.facts)
    with Visitor(configured.facts.hosts["edge1"].address, configured.facts.domain, root, configured.shown) as made:
        yield made


def test_an_end_user_books_over_https(visitor):
    service, slots = visitor.free_slots("demo")
    answer = visitor.book("demo", {"service": service["id"], "starts_at": slots[-1]["starts_at"], "customer": CUSTOMER})

    assert answer.status_code == httpx.codes.CREATED, answer.text


def test_the_client_is_who_the_cdn_says(configured, visitor):
    visitor.ask("GET", "/api/health/ready", headers={"CF-Connecting-IP": "203.0.113.77"})

    log = configured.ssh("edge1", "sleep 1.2; sudo tail -n 20 /var/log/nginx/access.log")

    assert '"client":"203.0.113.77"' in log


def test_who_comes_past_the_cdn_learns_no_more_than_that_the_site_is_well(configured):
    root = site_root.fetch(stacks.named(configured.lab.name), configured.lab.facts)
    with Visitor(configured.facts.hosts["edge1"].address, configured.facts.domain, root) as stranger:
        answers = [stranger.ask("GET", path).status_code for path in ("/b/demo", "/api/health/ready")]

    assert answers == [httpx.codes.FORBIDDEN, httpx.codes.OK]


def test_a_load_balancer_asks_whether_an_edge_is_well_without_a_name(configured):
    url = f"http://{configured.facts.hosts['edge1'].address}/edge-health"
    well = httpx.get(url, timeout=5)
    configured.ssh("edge1", "sudo touch /etc/boka/edge.drain")
    drained = httpx.get(url, timeout=5)
    configured.ssh("edge1", "sudo rm /etc/boka/edge.drain")

    assert (well.status_code, drained.status_code) == (200, 503)


def test_the_challenge_was_answered_in_the_zone_and_left_nothing_there(configured):
    made = [path for verb, path in configured.zone.asked if verb == "POST"]

    assert len(made) == 2  # the domain, and every name below it
    assert configured.zone.records == {}


def test_a_host_behind_the_bastion_lets_nobody_else_in(configured):
    assert configured.ssh("db1", "hostname") == "db1"
    with pytest.raises(TimeoutError), socket.create_connection((configured.facts.hosts["db1"].address, 22), timeout=3):
        pass


def test_both_copies_of_a_backup_are_there(configured):
    told = json.loads(configured.ssh("ops1", "sudo -u postgres pgbackrest --stanza=boka --output=json info"))

    assert {one["database"]["repo-key"] for one in told[0]["backup"]} == {1, 2}
    assert {repository["status"]["code"] for repository in told[0]["repo"]} == {0}


def test_the_first_administrator_is_made_by_a_command_on_an_app_host(configured):
    told = configured.ssh("app1", "sudo boka-app admin create ada@boka.example")

    assert "ada@boka.example is an administrator" in told
    assert "ada@boka.example" in configured.ssh("app1", "sudo boka-app admin list")


def test_no_address_is_shared_where_a_load_balancer_has_it(configured):
    assert configured.ssh("edge1", "systemctl is-enabled keepalived.service 2>&1 || true") in {"not-found", "disabled"}


def test_every_daemon_answers(configured):
    assert "Verify on" in configured.boka("verify")


def test_a_second_run_changes_nothing(configured):
    # The first run had Ansible's own strategy, as operators of a cloud have; this one asks the roles the same, sooner.
    sooner = {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": str(plays.mitogen_strategies())}
    recap = configured.configure(**sooner)

    assert {name: counts.changed for name, counts in recap.hosts.items() if counts.changed} == {}
    assert recap.restarts == []
