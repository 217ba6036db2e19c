"""The cache as the service meets it: from an app host, over TLS, with a password, and unable to change the server."""

import socket

import pytest
from reach import is_dropped

testinfra_hosts = ["ansible://cache?sudo=true"]
pytestmark = pytest.mark.journal("valkey-server.service")


@pytest.fixture(scope="module")
def port(from_host):
    return from_host("app1", "cache1", 6379)


@pytest.fixture
def ask(port, believes_hosts):
    """Say lines to the server over TLS from an app host; return its answers."""

    def ask_lines(*lines):
        plain = socket.create_connection(("127.0.0.1", port), timeout=5)
        with believes_hosts.wrap_socket(plain, server_hostname="cache1") as session:
            session.sendall("".join(f"{line}\r\n" for line in (*lines, "QUIT")).encode())
            return session.makefile().read().splitlines()

    return ask_lines


def test_a_stranger_is_refused(ask):
    assert ask("PING")[0].startswith("-NOAUTH")


def test_the_service_keeps_and_reads_a_value(ask, secret):
    answers = ask(f"AUTH booking {secret('database/valkey')}", "SET seen 1", "GET seen", "DEL seen")

    assert answers[:5] == ["+OK", "+OK", "$1", "1", ":1"]


def test_the_service_cannot_change_the_server(ask, secret):
    answers = ask(f"AUTH booking {secret('database/valkey')}", "CONFIG SET maxmemory 0", "FLUSHALL")

    assert [answer.split()[0] for answer in answers[1:3]] == ["-NOPERM", "-NOPERM"]


def test_nobody_gets_an_answer_without_tls(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as session:
        session.sendall(b"PING\r\n")

        assert b"NOAUTH" not in session.recv(64)


def test_the_operations_host_gets_no_answer(host, address):
    operations = host.get_host("ansible://ops1", ansible_inventory=host.backend.ansible_inventory)

    answer = operations.run("curl -sS --max-time 1 telnet://%s:6379", address("cache1"))

    assert answer.rc == 28, "curl's code for no answer in time"


def test_the_machine_with_ansible_gets_no_answer_either(address):
    assert is_dropped(address("cache1"), 6379)
