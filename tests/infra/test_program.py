"""The local stack's graph, recorded by mocks: what is registered, in which order, with which inputs."""

import asyncio

import pulumi
import pytest

from infra import fleet, settings
from infra.local.resources import LocalStack


class Recorder(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.seen: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args):
        self.seen.append(args)
        computed = {"host_key": f"ssh-ed25519 {args.name}", "public_key": "ssh-ed25519 ops", "fingerprint": "f"}
        return f"{args.name}-id", {**args.inputs, **computed}

    def call(self, args):
        raise AssertionError(f"the local program looks nothing up, yet called {args.token}")

    def of(self, kind):
        return {one.name: one for one in self.seen if one.typ.endswith(f"boka:{kind}")}


@pytest.fixture(params=["full", "small"])
def recorded(request):
    asyncio.set_event_loop(asyncio.new_event_loop())  # another test may have closed the one of this thread
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder, project="boka", stack="t0001")
    chosen = settings.load("t0001", {"profile": request.param})

    @pulumi.runtime.test
    def program():
        return LocalStack(fleet.describe(chosen), chosen).hand_over.fingerprint

    program()
    return recorder, fleet.describe(chosen)


def test_every_host_of_the_fleet_is_registered_with_its_address(recorded):
    recorder, wanted = recorded

    made = {name: host.inputs["address"] for name, host in recorder.of("Host").items()}

    assert made == {host.name: str(host.address) for host in wanted.hosts}


def test_every_host_must_run(recorded):
    recorder, _ = recorded

    assert all(host.inputs["running"] is True for host in recorder.of("Host").values())


def test_every_data_volume_is_registered(recorded):
    recorder, wanted = recorded

    assert set(recorder.of("Volume")) == {volume.name for volume in wanted.volumes}


def test_the_hand_over_names_every_host_with_the_key_that_provisioning_made(recorded):
    recorder, wanted = recorded

    (stack_file,) = recorder.of("StackFile").values()

    assert all(f"ssh-ed25519 {host.name}" in stack_file.inputs["content"] for host in wanted.hosts)


def test_no_input_carries_a_private_key_or_a_password(recorded):
    recorder, _ = recorded

    text = str([one.inputs for one in recorder.seen])

    assert "PRIVATE" not in text
    assert "password" not in text
