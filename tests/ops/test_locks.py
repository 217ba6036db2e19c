import os
import signal
import subprocess
import sys

import pytest

from ops import locks
from ops.locks import StackHeld

HOLD = """
import sys
from ops import locks
with locks.held("local", "up"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def other_run():
    """Another process that holds the lock of stack local until it is told to end."""
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_run_is_told_who_holds_the_stack(other_run):
    told = rf"boka up \(pid {other_run.pid}\), for \d s works on stack local"
    with pytest.raises(StackHeld, match=told) as refused, locks.held("local", "down", wait=False):
        pass

    assert refused.value.exit_code == 6


def test_a_second_run_waits_for_the_first(other_run):
    def end_first(_holder):
        other_run.stdin.write("\n")
        other_run.stdin.flush()

    with locks.held("local", "down", on_wait=end_first):
        assert locks.holder_of("local").pid == os.getpid()


def test_a_killed_holder_is_none(other_run):
    other_run.send_signal(signal.SIGKILL)
    other_run.wait()

    with locks.held("local", "down", wait=False):
        pass


@pytest.mark.usefixtures("other_run")
def test_other_stacks_are_free():
    with locks.held("t0a1b", "up", wait=False):
        pass


def test_after_its_end_nobody_holds_it():
    with locks.held("local", "up"):
        pass

    assert locks.holder_of("local") is None
