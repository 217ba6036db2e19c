"""Who is interrupted while Pulumi works waits for it, and stops then."""

import os
import signal
import subprocess
import sys

import pytest

from ops.interruption import deferred

# Stands in for pulumi: says that it is ready, and ends on SIGINT with what it then says.
COMMAND = """
import signal
signal.signal(signal.SIGINT, lambda *_: (print("state is written"), exit(0)))
print("ready", flush=True)
signal.pause()
"""


PASSES_ON = """
import os, subprocess, sys
from ops.interruption import deferred
try:
    with deferred(lambda _: None):
        with subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True) as command:
            command.stdout.readline()
            os.kill(os.getpid(), int(sys.argv[2]))
            print(command.stdout.read().strip())
except KeyboardInterrupt:
    print("stopped")
"""


def interrupted(number, seen, said):
    with deferred(said.append):
        os.kill(os.getpid(), number)
        seen.append("the block goes on")


def test_the_block_goes_on_to_its_end_and_stops_us_then():
    seen, said = [], []

    with pytest.raises(KeyboardInterrupt):
        interrupted(signal.SIGINT, seen, said)

    assert seen == ["the block goes on"]
    assert [line.partition(":")[0] for line in said] == ["stopping"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_no_terminal_sent_is_passed_on_to_the_command(number):
    # In a session of its own, as a service or a job in the background has it: there is no terminal.
    done = subprocess.run(
        [sys.executable, "-c", PASSES_ON, COMMAND, str(number.value)], capture_output=True, text=True, check=False,
        start_new_session=True, timeout=30,
    )  # fmt: skip

    assert done.stdout.splitlines() == ["state is written", "stopped"]


def test_what_went_wrong_because_of_it_does_not_hide_it():
    def run():
        with deferred(lambda _: None):
            os.kill(os.getpid(), signal.SIGINT)
            raise ValueError("cancelled")

    with pytest.raises(KeyboardInterrupt):
        run()


def test_without_a_signal_nothing_is_changed():
    before = signal.getsignal(signal.SIGINT)

    with deferred(lambda _: None):
        pass

    assert signal.getsignal(signal.SIGINT) is before
