"""Pulumi's contract: what the dynamic providers answer, and what the engine will store."""

import base64

import dill
import pytest

from infra.local import providers
from infra.local.host import HostSpec

PROVIDERS = [
    providers.PackageCacheProvider,
    providers.ImageProvider,
    providers.SshKeyProvider,
    providers.NetworkProvider,
    providers.VolumeProvider,
    providers.HostProvider,
    providers.StackFileProvider,
]
HOST = {
    "stack": "t0001", "name": "app1", "address": "198.18.7.21", "prefix_length": 24.0, "control_address": "198.18.7.1",
    "images": ["app-1", "base-1"], "memory_mib": 768.0, "cpus": 2.0, "volumes": {}, "authorized_key": "ssh-ed25519 A",
    "nameserver": "198.18.7.91", "running": True, "host_key": None,
}  # fmt: skip


@pytest.mark.parametrize("provider", PROVIDERS)
def test_state_refers_to_a_provider_by_name_and_holds_no_code(provider):
    blob = dill.dumps(provider(), recurse=True)

    assert len(base64.b64encode(blob)) < 100
    assert f"infra.local.providers\x94\x8c{chr(len(provider.__name__))}{provider.__name__}".encode("latin1") in blob


def test_a_host_that_lost_power_differs_and_is_not_replaced():
    seen = {**HOST, "running": False, "host_key": "ssh-ed25519 H"}

    answer = providers.HostProvider().diff("t0001/app1", seen, {**HOST, "host_key": "ssh-ed25519 H"})

    assert (answer.changes, answer.replaces, answer.stables) == (True, [], ["host_key"])


def test_a_host_as_it_should_be_does_not_differ():
    answer = providers.HostProvider().diff("t0001/app1", dict(HOST), dict(HOST))

    assert answer.changes is False


def test_a_volume_of_another_size_is_replaced_not_resized_silently():
    old = {"stack": "t0001", "name": "db1-data", "size_mib": 100.0}

    answer = providers.VolumeProvider().diff("t0001/db1-data", old, {**old, "size_mib": 200.0})

    assert answer.replaces == ["size_mib"]


def test_a_host_that_is_gone_is_read_as_gone(state_home):  # noqa: ARG001
    assert providers.HostProvider().read("t0001/app1", dict(HOST)).id == ""


def test_deleting_what_is_gone_is_success(state_home):  # noqa: ARG001
    providers.HostProvider().delete("t0001/app1", dict(HOST))
    providers.VolumeProvider().delete("t0001/db1-data", {"stack": "t0001", "name": "db1-data"})


def test_numbers_that_the_protocol_made_floats_are_whole_again():
    spec = providers.spec_from(HostSpec, HOST)

    assert (spec.memory_mib, type(spec.memory_mib), spec.images) == (768, int, ("app-1", "base-1"))
