"""The callback in a real run of ansible-playbook on this machine, without hosts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops import plays
from ops.stacks import CHECKOUT, Stack

PLAYBOOK = """
- name: Sample
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Change something
      ansible.builtin.command: "true"
      changed_when: true
      notify: Restart it
    - name: Skip something
      ansible.builtin.command: "true"
      when: false
    - name: Fail openly
      ansible.builtin.fail: {msg: because of this}
      ignore_errors: true
    - name: Fail by a condition
      ansible.builtin.command: echo seen
      failed_when: true
      changed_when: false
      ignore_errors: true
    - name: Carry secrets
      ansible.builtin.command: "cat /nowhere/CANARY"
      no_log: true
      loop: [CANARY1, CANARY2]
  handlers:
    - name: Restart it
      ansible.builtin.command: "true"
      changed_when: true
"""


def play(folder: Path, events: Path, text: str = PLAYBOOK) -> subprocess.CompletedProcess[str]:
    (folder / "play.yml").write_text(text)
    ours = {"BOKA_EVENTS": str(events), "ANSIBLE_INVENTORY_ENABLED": "host_list", "ANSIBLE_LOCAL_TEMP": str(folder)}
    environment = plays.environment(Stack("production"), os.environ) | ours
    argv = [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local", folder / "play.yml"]
    return subprocess.run(argv, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    folder = tmp_path_factory.mktemp("play")
    play(folder, folder / "events")
    return [json.loads(line) for line in (folder / "events").read_text().splitlines()]


def outcomes(events):
    return {event["task"]: (event["outcome"], event["message"]) for event in events if event["event"] == "host"}


def test_every_line_has_the_version_and_the_time(events):
    assert {event["v"] for event in events} == {1}
    assert all(event["at"] > 0 for event in events)


def test_each_task_is_reported_with_its_outcome(events):
    assert {task: outcome for task, (outcome, _) in outcomes(events).items()} == {
        "Change something": "changed",
        "Skip something": "skipped",
        "Fail openly": "ignored",
        "Fail by a condition": "ignored",
        "Carry secrets": "failed",
        "Restart it": "changed",  # handlers run even after a failure: force_handlers in ansible.cfg
    }


def test_a_failure_carries_its_message(events):
    assert outcomes(events)["Fail openly"][1] == "because of this"


def test_a_failure_by_a_condition_shows_what_was_seen(events):
    assert outcomes(events)["Fail by a condition"][1] == "stdout: seen"


def test_a_task_with_secrets_is_reported_without_its_message(events):
    assert outcomes(events)["Carry secrets"][1].startswith("the message is hidden")
    assert "CANARY" not in json.dumps(events)


def test_the_counts_come_last(events):
    assert events[-1]["hosts"]["localhost"]["failures"] == 1


def test_a_run_does_not_fail_because_events_cannot_be_written(tmp_path):
    run = play(tmp_path, Path("/nowhere/events"), "[{hosts: localhost, gather_facts: false, tasks: [{debug: {}}]}]")

    assert run.returncode == 0, run.stdout + run.stderr
    assert "events are no longer written" in run.stderr
