import json
import os
import socket
import subprocess
import sys
import time

import pytest

from ops import leftovers
from ops.leftovers import LockOfAnotherMachine


def write_lock(stack, pid, hostname=None):
    path = stack.pulumi / ".pulumi" / "locks" / "organization" / "boka" / stack.name / "1.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"pid": pid, "username": "root", "hostname": hostname or socket.gethostname()}))
    return path


@pytest.fixture
def dead_pid():
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


def test_without_locks_nothing_is_dead(stack):
    assert leftovers.dead_locks(stack, print) == []


def test_the_lock_of_a_process_that_is_gone_is_dead(stack, dead_pid):
    path = write_lock(stack, dead_pid)

    assert [lock.path for lock in leftovers.dead_locks(stack, print)] == [path]


def test_a_number_that_went_to_another_program_is_dead(stack):
    write_lock(stack, os.getpid())

    assert len(leftovers.dead_locks(stack, print)) == 1


def test_the_lock_of_a_living_pulumi_is_waited_for(stack):
    said = []
    works_a_while = "import time; print('started', flush=True); time.sleep(0.3)"
    with subprocess.Popen([sys.executable, "-c", works_a_while, "pulumi"], stdout=-1) as process:
        process.stdout.readline()
        write_lock(stack, process.pid)

        leftovers.dead_locks(stack, said.append)

        assert process.wait(0.2) == 0
    assert said == [f"waiting for the pulumi of an earlier run to end (pid {process.pid})"]


def test_the_lock_of_another_machine_is_left_alone(stack):
    write_lock(stack, 1, "elsewhere")

    with pytest.raises(LockOfAnotherMachine, match="pulumi on elsewhere"):
        leftovers.dead_locks(stack, print)


@pytest.mark.parametrize(
    ("operations", "pending"),
    [([], False), ([{"type": "creating"}], True), ([{"type": "deleting"}], False)],
    ids=["none", "an unfinished creation", "an unfinished removal is looked at by the refresh itself"],
)
def test_unfinished_creations_are_seen_in_the_state(stack, operations, pending):
    path = stack.pulumi / ".pulumi" / "stacks" / "boka" / f"{stack.name}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"checkpoint": {"latest": {"pending_operations": operations}}}))

    assert leftovers.has_pending_creates(stack) is pending


def test_a_stack_without_state_has_nothing_unfinished(stack):
    assert not leftovers.has_pending_creates(stack)


def torn(stack, name, text):
    folder = stack.pulumi / ".pulumi" / "stacks" / "boka"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def test_a_state_cut_short_becomes_the_one_before_it(stack):
    state = torn(stack, "t0001.json", '{"checkpoint": {')
    torn(stack, "t0001.json.bak", '{"checkpoint": {"latest": null}}')

    leftovers.mend_torn_files(stack)

    assert json.loads(state.read_text()) == {"checkpoint": {"latest": None}}


def test_an_attribute_file_cut_short_is_removed(stack):
    state = torn(stack, "t0001.json", "{}")
    attributes = torn(stack, "t0001.json.attrs", "")

    mended = leftovers.mend_torn_files(stack)

    assert mended == [attributes]
    assert not attributes.exists()
    assert state.exists()


def test_a_whole_state_is_left_alone(stack):
    torn(stack, "t0001.json", "{}")
    torn(stack, "t0001.json.attrs", "{}")

    assert leftovers.mend_torn_files(stack) == []


@pytest.mark.parametrize("plugin", ["pulumi-language-python", "pulumi-resource-pulumi-python", "infra.policy.pack"])
def test_a_plugin_whose_engine_is_gone_is_ended(stack, tmp_path, plugin):
    shim = tmp_path / plugin
    shim.write_text("#!/bin/sh\nsleep 60\n")
    shim.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "BOKA_STACK": stack.name}
    with subprocess.Popen([shim], env=environment) as orphan:
        eventually_running(orphan)

        ended = leftovers.end_orphaned_plugins(stack)

        assert orphan.wait(timeout=5) != 0
    assert orphan.pid in ended


def test_a_plugin_of_another_stack_is_left_alone(stack, tmp_path):
    shim = tmp_path / "pulumi-resource-pulumi-python"
    shim.write_text("#!/bin/sh\nsleep 60\n")
    shim.chmod(0o755)
    with subprocess.Popen([shim], env={"PATH": os.environ["PATH"], "BOKA_STACK": "tffff"}) as other:
        eventually_running(other)

        ended = leftovers.end_orphaned_plugins(stack)
        alive = other.poll() is None
        for child in leftovers._children(other.pid):
            os.kill(child, 15)
        other.kill()

    assert (ended, alive) == ([], True)


def eventually_running(process):
    """Wait until the process is the program that was asked for, with its child."""
    deadline = time.monotonic() + 5
    while not leftovers._children(process.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
