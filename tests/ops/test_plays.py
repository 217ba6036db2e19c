import json

import pytest

from ops import plays
from ops.errors import HostUnreachable, RunFailed
from ops.events import Failure
from ops.plays import Play
from ops.stacks import Stack


def after(words, option):
    return words[words.index(option) + 1]


def test_the_playbook_is_the_one_of_that_name(stack):
    assert plays.argv(Play(playbook="site"), stack)[-1].endswith("/playbooks/site.yml")


def test_variables_are_passed_as_json(stack):
    words = plays.argv(Play(playbook="deploy", variables={"deploy_release": "2026.46.2"}), stack)

    assert json.loads(after(words, "--extra-vars")) == {"deploy_release": "2026.46.2"}


def test_a_limit_and_check_mode_are_passed_on(stack):
    words = plays.argv(Play(playbook="site", limit="app1", check=True), stack)

    assert (after(words, "--limit"), "--check" in words) == ("app1", True)


def test_check_mode_writes_no_contents_of_files_to_the_journal(stack):
    assert "--diff" not in plays.argv(Play(playbook="site", check=True), stack)


def test_a_local_stack_is_configured_with_mitogen(stack):
    assert plays.environment(stack, {})["ANSIBLE_STRATEGY"] == "mitogen_linear"


def test_production_is_configured_with_the_stock_strategy():
    assert "ANSIBLE_STRATEGY" not in plays.environment(Stack("production"), {})


def test_our_programs_come_first_on_the_path(stack):
    assert plays.environment(stack, {"PATH": "/usr/bin"})["PATH"].endswith("/bin:/usr/bin")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "000001.log"
    path.write_text("ERROR! the playbook could not be found\n")
    return path


def test_a_failed_task_is_told_with_host_task_and_message(log):
    err = plays.explain(Play(playbook="site"), [Failure("db1", "configure | Write it", "no space left")], log)

    assert isinstance(err, RunFailed)
    assert 'db1 failed at "configure | Write it": no space left' in str(err)


def test_hosts_that_do_not_answer_are_another_exit_code(log):
    err = plays.explain(Play(playbook="site"), [Failure("db1", "Gather", "timed out", unreachable=True)], log)

    assert isinstance(err, HostUnreachable)


def test_without_a_failed_task_the_end_of_the_log_is_told(log):
    err = plays.explain(Play(playbook="site"), [], log)

    assert "ERROR! the playbook could not be found" in str(err)
    assert str(log) in str(err)
