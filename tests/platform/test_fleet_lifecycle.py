"""The fleet alone, through the real engine: raise, look, break, heal, remove. No host is configured here."""

import os
import signal
import subprocess

import machine
import pytest
from throwaway import BOKA, REPOSITORY, ThrowawayStack, eventually, new_stack

from infra import paths
from infra.local.host import Hosts, answers_ssh
from infra.local.network import namespace

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def fleet(stack):
    stack.boka("up", "--hosts-only", "--profile", "small")
    return stack


def test_every_host_answers_under_its_own_key_and_machine_id(fleet):
    seen = {name: fleet.ssh(name, "cat /etc/machine-id") for name in fleet.facts.hosts}

    assert len(set(seen.values())) == len(fleet.facts.hosts)
    assert len({host.host_key for host in fleet.facts.hosts.values()}) == len(fleet.facts.hosts)


def test_every_host_is_a_systemd_machine_without_a_failed_unit(fleet):
    states = {name: fleet.ssh(name, "systemctl is-system-running --wait") for name in fleet.facts.hosts}

    assert set(states.values()) == {"running"}


def test_a_bare_pulumi_finds_nothing_to_change(fleet):
    again = fleet.pulumi("preview", "--refresh", "--expect-no-changes")

    assert again.returncode == 0, again.stdout + again.stderr


def test_a_host_has_no_way_out_but_the_package_cache(fleet):
    fleet.ssh("app1", "curl --silent --fail --output /dev/null http://198.19.255.1:3142/debian/dists/trixie/InRelease")

    assert "default" not in fleet.ssh("app1", "ip route")


def test_a_process_that_outgrows_its_host_dies_alone(fleet):
    size = fleet.facts.hosts["app1"].memory_mib * 2

    fleet.ssh("app1", f"python3 -c 'bytearray({size} * 1024 * 1024)'", expect=137)

    assert fleet.ssh("app1", "echo here") == "here"


def test_a_frozen_host_is_silent_until_it_is_thawed(fleet):
    address = fleet.facts.hosts["app1"].address

    Hosts().freeze(fleet.name, "app1", frozen=True)
    frozen = answers_ssh(address)
    Hosts().freeze(fleet.name, "app1", frozen=False)

    assert not frozen
    assert eventually(lambda: answers_ssh(address), within_s=10)


def test_a_host_whose_cable_is_pulled_is_away_until_it_is_put_back(fleet):
    address = fleet.facts.hosts["app1"].address

    Hosts().connect(fleet.name, "app1", connected=False)
    away = answers_ssh(address)
    Hosts().connect(fleet.name, "app1", connected=True)

    assert not away
    assert eventually(lambda: answers_ssh(address), within_s=10)


def test_a_killed_host_is_seen_and_healed_with_its_disk(fleet):
    fleet.ssh("db1", "echo kept | sudo tee /var/lib/postgresql/kept /root/kept && sync")
    fleet.kill("db1")

    seen = fleet.pulumi("preview", "--refresh", "--expect-no-changes")
    fleet.boka("up", "--hosts-only")

    assert seen.returncode != 0
    assert fleet.ssh("db1", "sudo cat /var/lib/postgresql/kept /root/kept").split() == ["kept", "kept"]


def test_a_removed_network_is_seen_and_healed(fleet):
    subprocess.run(["ip", "netns", "delete", namespace(fleet.name)], check=True)

    seen = fleet.pulumi("preview", "--refresh", "--expect-no-changes")
    fleet.boka("up", "--hosts-only")

    assert seen.returncode != 0
    assert {fleet.ssh(name, "echo here") for name in fleet.facts.hosts} == {"here"}


def test_a_stack_survives_a_restart_of_the_machine(fleet):
    for name in fleet.facts.hosts:  # what a restart leaves: the disk, and nothing in memory
        fleet.kill(name)
    subprocess.run(["ip", "netns", "delete", namespace(fleet.name)], check=True)

    fleet.boka("up", "--hosts-only")

    assert {fleet.ssh(name, "echo here") for name in fleet.facts.hosts} == {"here"}


def test_a_second_stack_lives_beside_the_first_and_they_do_not_meet(fleet):
    other = new_stack()
    try:
        other.boka("up", "--hosts-only", "--profile", "small")
        theirs = other.facts.hosts["app1"].address

        fleet.ssh("app1", f"ping -c 1 -W 1 {theirs}", expect=2)

        assert other.facts.network.cidr != fleet.facts.network.cidr
    finally:
        other.boka("down", "--yes")
    assert {fleet.ssh(name, "echo here") for name in fleet.facts.hosts} == {"here"}


def test_a_subnet_in_use_is_refused_naming_who_has_it(fleet):
    other = new_stack()
    folder = paths.stack_dir(other.name)
    folder.mkdir(parents=True, mode=0o700)
    settings = f"config:\n  boka:profile: small\n  boka:subnet: {fleet.facts.network.cidr}\n"
    (folder / f"Pulumi.{other.name}.yaml").write_text(settings)
    try:
        said = other.boka("up", "--hosts-only", expect=3)
    finally:
        other.boka("down", "--yes")

    assert f"bk-{fleet.name} has {fleet.facts.network.cidr}" in " ".join(said.split())


@pytest.mark.parametrize("after", ["claims/network-*", "claims/volume-db1-data*", "hosts/*/console.log", "stack.json"])
def test_a_run_killed_anywhere_is_completed_by_the_next(after):
    killed = new_stack()
    try:
        _kill_once_it_made(killed, after)

        killed.boka("up", "--hosts-only")

        assert {killed.ssh(name, "echo here") for name in killed.facts.hosts} == {"here"}
    finally:
        killed.boka("down", "--yes")
    assert not any(machine.traces(killed.name).values()), machine.traces(killed.name)


def _kill_once_it_made(killed: ThrowawayStack, pattern: str) -> None:
    run = subprocess.Popen(
        [BOKA, "up", "--hosts-only", "--profile", "small", "--stack", killed.name], cwd=REPOSITORY,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        made = paths.stack_dir(killed.name)
        eventually(lambda: list(made.glob(pattern)), within_s=60, every_s=0.01)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def test_two_runs_at_once_are_told_who_holds_the_lock(fleet):
    first = subprocess.Popen(
        [BOKA, "up", "--hosts-only", "--stack", fleet.name], cwd=REPOSITORY,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        eventually(lambda: list(paths.run_dir().glob(f"{fleet.name}*")), within_s=10, every_s=0.01)
        said = fleet.boka("up", "--hosts-only", "--no-wait", expect=6)
    finally:
        assert first.wait(timeout=120) == 0

    assert str(first.pid) in said


def test_nothing_is_left_when_the_stack_is_gone(fleet):
    fleet.boka("down", "--yes")

    assert not any(machine.traces(fleet.name).values()), machine.traces(fleet.name)
