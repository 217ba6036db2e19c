import subprocess
import sys

import pytest

from ops import journal
from ops.errors import Refused, RunFailed

KILLED = """
import os
from ops import journal
with journal.record("local", "up"):
    os._exit(9)
"""


def test_a_run_is_recorded_with_its_end():
    with journal.record("local", "up") as run:
        run.summary = "raised"

    kept = journal.read(run.number)
    assert (kept.verb, kept.stack, kept.outcome, kept.exit_code, kept.summary) == ("up", "local", "done", 0, "raised")


@pytest.mark.parametrize(
    ("err", "outcome", "exit_code"),
    [
        (RunFailed("db1 failed"), "failed", 3),
        (Refused("no"), "refused", 5),
        (KeyboardInterrupt(), "interrupted", 130),
        (ZeroDivisionError("ours"), "failed", 1),
    ],
)
def test_a_run_that_stops_says_why(err, outcome, exit_code):
    with pytest.raises(type(err)), journal.record("local", "up") as run:
        raise err

    kept = journal.read(run.number)
    assert (kept.outcome, kept.exit_code) == (outcome, exit_code)
    assert str(err) in kept.summary


def test_runs_are_numbered_the_newest_first():
    for verb in ("up", "down"):
        with journal.record("local", verb):
            pass

    assert [(run.number, run.verb) for run in journal.runs()] == [(2, "down"), (1, "up")]


def test_a_killed_run_is_told_as_killed():
    subprocess.run([sys.executable, "-c", KILLED], check=False)

    assert journal.read(1).outcome == "killed"


def test_a_phase_is_measured_also_when_it_fails():
    with pytest.raises(RunFailed), journal.record("local", "up") as run, run.phase("hosts"):
        raise RunFailed("x")

    assert journal.read(run.number).phases["hosts"] >= 0


def test_an_unknown_number_is_refused():
    with pytest.raises(Refused, match="the journal has no run 7"):
        journal.read(7)
