"""A role that was applied twice changes nothing the second time: judged by Ansible's own counts.

Molecule looks for "changed=1" in what a run prints, so a run that prints no recap passes. Here no counts are a failure.
"""

import json
import os
from pathlib import Path


def runs():
    """Return the events of each run, check mode's first."""
    found = [[]]
    for line in Path(os.environ["BOKA_EVENTS"]).read_text().splitlines():
        event = json.loads(line)
        found[-1].append(event)
        if event["event"] == "stats":
            found.append([])
    return found[:-1]


def test_the_role_ran_in_check_mode_and_twice():
    counted = [run[-1]["hosts"] for run in runs()]

    assert len(counted) >= 3, "run `molecule test`, or check, converge and idempotence before verify"
    assert all(counted[-1].values()), "the last run reached no host"


def test_the_second_run_changes_nothing():
    last = runs()[-1]

    changing = [f"{event['host']}: {event['task']}" for event in last if event.get("outcome") == "changed"]
    assert (sum(counts["changed"] for counts in last[-1]["hosts"].values()), changing) == (0, [])


def test_the_first_run_in_earnest_had_something_to_do():
    first, *_ = [run[-1]["hosts"] for run in runs()][1:]

    assert sum(counts["changed"] for counts in first.values()) > 0, "check mode met hosts that had the role already"
