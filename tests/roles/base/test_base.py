"""What the base gives every host: who may come in, what is dropped, who is known by name, what is kept."""

import socket
import subprocess

import pytest
from reach import is_dropped

testinfra_hosts = ["ansible://all?sudo=true"]
DISCARD = 9  # no flow ends at this port, on any host


def name_of(host):
    return host.backend.host


@pytest.mark.journal("nftables.service")
def test_a_port_that_no_flow_names_does_not_answer(host, address):
    assert is_dropped(address(name_of(host)), DISCARD)


@pytest.mark.journal("nftables.service")
def test_the_machine_with_ansible_reaches_sshd(host, address):
    with socket.create_connection((address(name_of(host)), 22), timeout=5) as client:
        greeting = client.recv(64)

    assert greeting.startswith(b"SSH-2.0-")


@pytest.mark.journal("ssh.service")
@pytest.mark.parametrize("account", ["ops", "root"])
def test_sshd_takes_nothing_but_keys(host, account, address):
    options = [
        "-F",
        "none",
        "-o",
        "BatchMode=yes",
        "-o",
        "PubkeyAuthentication=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
    ]
    words = ["ssh", *options, "-o", "StrictHostKeyChecking=no", f"{account}@{address(name_of(host))}", "true"]

    answer = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)

    assert "Permission denied (publickey)" in answer.stderr


def test_every_host_of_the_stack_is_known_by_name(host, stack):
    names = sorted(stack.hosts)

    answer = host.run("getent ahostsv4 " + " ".join(names))

    assert {line.split()[0] for line in answer.stdout.splitlines()} >= {one.address for one in stack.hosts.values()}


@pytest.mark.journal("systemd-journald.service")
def test_the_journal_outlives_a_restart(host):
    mark = f"kept by {name_of(host)}"

    host.run_test("logger --tag boka-test %s", mark)

    assert mark in host.check_output("journalctl --sync && journalctl --directory=/var/log/journal -t boka-test -o cat")


def test_the_next_security_updates_have_a_date(host):
    answer = host.check_output("systemctl show --property=NextElapseUSecRealtime --value apt-daily-upgrade.timer")

    assert answer.strip()
