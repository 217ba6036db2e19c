"""The verbs as a user types them, down to the boundaries with Pulumi and Ansible, which are fakes here."""

import io
import json
import sys

import fleet_of_two
import pytest

from ops import cli, converge, engine, plays, preparation
from ops.artefact import Artefact
from ops.engine import Outcome
from ops.errors import RunFailed
from ops.events import Failure, HostCounts
from ops.plays import PlayResult


@pytest.fixture
def boka(monkeypatch, capsys):
    """Type a command; get its exit code, stdout and stderr."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["boka", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


class Machine:
    """What was asked of Pulumi and Ansible, and the answers that they give."""

    def __init__(self):
        self.asked = []
        self.failure = None
        self.would, self.would_change, self.failures = Outcome(changes={"same": 12}), 0, []

    def up(self, stack, _record, _screen, **_):
        self.asked.append("pulumi up")
        fleet_of_two.write(stack.name)
        return Outcome(changes={"create": 12})

    def destroy(self, _stack, _record, _screen):
        self.asked.append("pulumi destroy")

    def play(self, play, _stack, _record, _screen):
        self.asked.append(play.playbook)
        if self.failure:
            raise self.failure
        return PlayResult(playbook=play.playbook, hosts={"db1": HostCounts(ok=40, changed=4)}, restarts=[])

    def preview(self, _stack, _record, _screen, _keep_in):
        self.asked.append("pulumi preview")
        return self.would

    def look(self, play, _stack, _record, _screen):
        self.asked.append(f"{play.playbook} in check mode on {play.limit or 'every host'}")
        counts = {"db1": HostCounts(ok=40, changed=self.would_change), "app1": HostCounts(ok=9)}
        return PlayResult(playbook=play.playbook, hosts=counts, restarts=[]), self.failures


def test_a_stack_on_this_machine_has_no_zone_to_adopt(boka):
    code, _, err = boka("adopt", "local")

    assert (code, "only staging and production can adopt one" in err) == (2, True)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    fake = Machine()
    monkeypatch.setattr(engine, "preview", fake.preview)
    monkeypatch.setattr(plays, "look", fake.look)
    monkeypatch.setattr(engine, "up", fake.up)
    monkeypatch.setattr(engine, "destroy", fake.destroy)
    monkeypatch.setattr(plays, "run", fake.play)
    monkeypatch.setattr(preparation, "ensure", lambda *_: None)
    monkeypatch.setattr(converge, "build", lambda _run: Artefact("2026.46.2", tmp_path / "x.tar", "0" * 64))
    monkeypatch.setattr("ops.site_root.fetch", lambda *_: None)
    monkeypatch.setattr("ops.fleet.tell_each", lambda *_: [])
    return fake


def test_up_goes_through_its_phases_in_order(boka, machine):
    code, out, _ = boka("up", "--stack", "t0a1b", "--json")

    assert (code, machine.asked) == (0, ["pulumi up", "site", "verify"])
    assert list(json.loads(out)["phases"]) == ["prepare", "hosts", "artefact", "configure", "verify"]


@pytest.mark.usefixtures("machine")
def test_up_ends_with_three_things_to_try(boka):
    _, out, _ = boka("up", "--stack", "t0a1b")

    assert out.partition("Try:\n")[2].count("boka ") == 3


def test_hosts_only_configures_nothing(boka, machine):
    code, out, _ = boka("up", "--stack", "t0a1b", "--hosts-only", "--json")

    assert (code, machine.asked, len(json.loads(out)["hosts"])) == (0, ["pulumi up"], 7)


def preview(boka, *words):
    code, out, _ = boka("preview", "--stack", "t0a1b", "--json", "--detailed-exitcode", *words)
    return code, json.loads(out)


def test_a_preview_asks_pulumi_and_then_every_host(boka, machine, stack):
    fleet_of_two.write(stack.name)

    code, seen = preview(boka)

    assert (code, seen["changes"], seen["tasks"]["changed"]) == (0, {"same": 12}, 0)
    assert machine.asked == ["pulumi preview", "site in check mode on every host"]


def test_a_task_that_would_change_is_a_difference(boka, machine, stack):
    fleet_of_two.write(stack.name)
    machine.would_change = 3

    code, seen = preview(boka)

    assert (code, seen["tasks"]["hosts"]["db1"]) == (10, 3)


def test_a_preview_of_a_stack_that_was_never_raised_asks_no_host(boka, machine):
    machine.would = Outcome(
        changes={"create": 1}, moving={"urn:pulumi:t::boka::x$pulumi-python:dynamic/boka:Host::db1": "create"}
    )

    code, seen = preview(boka)

    assert (code, seen["tasks"]["unseen"]) == (10, {"db1": "it would be created"})
    assert machine.asked == ["pulumi preview"]


def test_a_host_that_does_not_answer_is_a_difference_that_may_be(boka, machine, stack):
    fleet_of_two.write(stack.name)
    machine.failures = [Failure("edge1", "Gathering Facts", "timed out", unreachable=True)]

    code, seen = preview(boka)

    assert (code, seen["tasks"]["unseen"]) == (10, {"edge1": 'it did not answer at "Gathering Facts": timed out'})


def test_a_preview_of_resources_only_asks_no_host(boka, machine, stack):
    fleet_of_two.write(stack.name)

    code, seen = preview(boka, "--resources-only")

    assert (code, seen["tasks"], machine.asked) == (0, None, ["pulumi preview"])


def test_what_the_user_stopped_says_how_to_go_on(boka, machine):
    machine.failure = KeyboardInterrupt()

    code, _, err = boka("up", "--stack", "t0a1b")

    assert code == 130
    assert "What was done stays, and boka up goes on from it." in err


def test_a_failed_playbook_stops_up_and_is_in_the_journal(boka, machine):
    machine.failure = RunFailed("playbook site failed.")

    code, _, err = boka("up", "--stack", "t0a1b")

    assert (code, machine.asked) == (3, ["pulumi up", "site"])
    assert "boka: playbook site failed." in err
    assert "failed" in boka("journal")[1]


def test_a_failure_is_json_too(boka, machine):
    machine.failure = RunFailed("playbook site failed.")

    _, out, _ = boka("up", "--stack", "t0a1b", "--json")

    assert json.loads(out) == {"error": "playbook site failed.", "exit_code": 3}


def test_a_defect_of_ours_is_told_as_one(boka, machine):
    machine.failure = ZeroDivisionError("x")

    code, _, err = boka("up", "--stack", "t0a1b")

    assert code == 1
    assert "a defect of boka itself: ZeroDivisionError" in err


def test_down_starts_nothing_when_the_typed_name_is_wrong(boka, machine, monkeypatch):
    boka("up", "--stack", "t0a1b")
    monkeypatch.setattr("sys.stdin", io.StringIO("local\n"))

    code, _, _ = boka("down", "--stack", "t0a1b")

    assert (code, "pulumi destroy" in machine.asked) == (5, False)


@pytest.mark.usefixtures("machine")
def test_down_removes_the_state(boka, own_folders):
    boka("up", "--stack", "t0a1b")

    code, out, _ = boka("down", "--stack", "t0a1b", "--yes")

    assert (code, (own_folders / "home" / "t0a1b").exists()) == (0, False)
    assert out.startswith("Removed stack t0a1b in")


@pytest.mark.usefixtures("machine")
def test_down_of_nothing_is_done_at_once(boka):
    code, out, _ = boka("down", "--stack", "t0a1b")

    assert (code, out) == (0, "Stack t0a1b does not exist; nothing to remove.\n")


@pytest.mark.parametrize(
    "words",
    [["status", "--stack", "nowhere"], ["status", "--unknown"], ["unknown"], ["journal", "show", "x"]],
    ids=["no such stack", "no such option", "no such verb", "no number"],
)
def test_words_that_make_no_sense_are_usage(boka, words):
    assert boka(*words)[0] == 2


def test_the_status_of_a_stack_that_was_never_raised_is_refused_with_the_next_step(boka):
    code, _, err = boka("status")

    assert code == 5
    assert "Run: boka up --stack local" in err


def test_hosts_lists_the_fleet(boka):
    fleet_of_two.write("local")

    _, out, _ = boka("hosts", "--json")

    assert json.loads(out)["hosts"]["db1"]["address"] == "198.18.7.41"


def test_an_unknown_host_is_usage(boka):
    fleet_of_two.write("local")

    code, _, err = boka("ssh", "db9")

    assert code == 2
    assert 'has no host "db9"; it has edge1,' in err


@pytest.fixture
def became(monkeypatch):
    commands = []
    monkeypatch.setattr("ops.fleet.replace_process", commands.append)
    return commands


def test_ssh_trusts_only_the_key_of_provisioning(boka, became):
    fleet_of_two.write("local")

    boka("ssh", "db1", "--", "echo", "a b")

    assert became[0][-2:] == ["ops@198.18.7.41", "echo 'a b'"]
    assert {"StrictHostKeyChecking=yes", "HostKeyAlias=db1.local.internal.test"} <= set(became[0])


def test_one_quoted_word_is_a_line_for_the_hosts_shell(boka, became):
    fleet_of_two.write("local")

    boka("ssh", "db1", "--", "df | tail -1")

    assert became[0][-1] == "df | tail -1"


def test_logs_asks_for_the_unit(boka, became):
    fleet_of_two.write("local")

    boka("logs", "db1", "-u", "nginx", "-f", "-n", "5")

    assert became[0][-1].endswith("--lines 5 --unit nginx --follow")
