"""Roles that had to install their packages themselves, through the package cache: the daemons answer all the same."""

import socket

import pytest

testinfra_hosts = ["ansible://db?sudo=true"]


@pytest.mark.journal("postgresql@17-main.service")
def test_the_database_answers(host):
    assert host.check_output("runuser -u postgres -- psql -XAtc 'select 6 * 7' booking") == "42"


@pytest.mark.journal("prometheus-node-exporter.service")
def test_the_machine_tells_about_itself(host, address):
    answer = host.check_output("curl -sS http://%s:9100/metrics", address("db1"))

    assert 'nodename="db1"' in answer


def test_an_edge_answers(address):
    with socket.create_connection((address("edge1"), 80), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: boka.test\r\nConnection: close\r\n\r\n")

        assert client.recv(64).startswith(b"HTTP/1.1 301")


def test_packages_came_from_the_fleets_cache(host, stack):
    answer = host.check_output("apt-cache policy postgresql-17")

    assert "*** 17" in answer
    assert stack.network.package_mirror in answer
