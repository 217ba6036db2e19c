import asyncio
import contextlib
import socket
import ssl

import fleet_of_two
import pytest
from tls_site import site

from ops import health
from ops.health import Check


@pytest.fixture
def hosts(stack):
    return fleet_of_two.write(stack.name)


def test_every_host_is_asked_for_ssh(hosts):
    asked = {check.host for check in health.plan_checks(hosts) if check.service == "ssh"}

    assert asked == set(hosts.hosts)


def test_what_this_machine_may_not_reach_is_not_asked(hosts):
    assert not [check for check in health.plan_checks(hosts) if check.service in {"postgresql", "booking", "valkey"}]


def test_nothing_is_asked_twice(hosts):
    checks = health.plan_checks(hosts)

    assert len({(check.host, check.service) for check in checks}) == len(checks)


def test_of_a_cloud_only_the_bastion_is_asked_at_its_public_address(hosts):
    endpoints = {**hosts.endpoints, "bastion": "203.0.113.80"}
    far = hosts.model_copy(update={"environment": "production", "endpoints": endpoints})

    assert [(check.service, check.address) for check in health.plan_checks(far)] == [("ssh", "203.0.113.80")]


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def ask(port):
    return asyncio.run(health._ask_port(Check("db1", "ssh", "127.0.0.1", port)))


def test_an_open_port_is_good(port):
    assert ask(port).good


def test_a_closed_port_is_told_as_refused():
    with contextlib.closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        answer = ask(closed.getsockname()[1])

    assert answer.problem == "connection refused"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "answers 503 Service Unavailable"),
    ],
)
def test_only_200_is_health(certificate, answer, problem):
    with site(certificate, answer) as port:
        assert asyncio.run(health._ask_service("boka.test", "127.0.0.1", port, certificate)) == problem


def test_a_certificate_for_another_name_is_not_trusted(certificate):
    with site(certificate, b"") as port, pytest.raises(ssl.SSLCertVerificationError) as refused:
        asyncio.run(health._ask_service("other.test", "127.0.0.1", port, certificate))

    assert health._reason(refused.value).startswith("certificate not trusted (Hostname mismatch")
