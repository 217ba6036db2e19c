"""What the hosts are told about a run."""

import fleet_of_two
import pytest

from ops import converge, fleet, journal, plays
from ops.artefact import Artefact
from ops.errors import RunFailed
from ops.screen import Screen
from ops.session import Session


@pytest.fixture
def told(monkeypatch):
    """Hosts and lines, as `fleet.tell_each` gets them."""
    lines = []
    monkeypatch.setattr(fleet, "tell_each", lambda _stack, hosts, text: lines.append((list(hosts), text)) or [])
    return lines


@pytest.fixture
def run(stack):
    fleet_of_two.write(stack.name)
    with journal.record(stack.name, "deploy") as record:
        yield Session(stack=stack, screen=Screen(), record=record)


@pytest.fixture
def release(tmp_path):
    return Artefact("2026.46.2", tmp_path / "x.tar", "0" * 64)


def fail(play, _stack, record, _screen):
    record.hosts[play.playbook] = {"app1": {"unreachable": 0}, "app2": {"unreachable": 1}}
    raise RunFailed("playbook deploy failed.")


def test_hosts_that_answered_are_told_of_a_failed_run(monkeypatch, told, run, release):
    monkeypatch.setattr(plays, "run", fail)

    with pytest.raises(RunFailed):
        converge.deploy(run, release)

    ((hosts, text),) = told
    assert hosts == ["app1"]
    assert text.endswith(f"run 1: boka deploy by {run.record.who}, deploy failed")


def test_the_release_is_named_to_the_playbook(release):
    assert converge._variables(release)["deploy_release"] == "2026.46.2"
