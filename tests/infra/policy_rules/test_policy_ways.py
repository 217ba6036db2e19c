"""The rules asked of the recorded programs, of a preview and of an exported state: no finding, and one opinion."""

import json

import pytest
from policy_graphs import as_export, as_stack, told_by, told_by_pack
from recorder import record

from infra.policy import __main__ as command
from infra.policy import report, state
from infra.policy.model import judge_all, stage_of
from infra.policy.table import RULES

LAYERS = ("production-base", "production", "staging-base", "staging")
# What Pulumi tells no policy pack: whether a resource is retained, and which inputs are secret.
NOT_TOLD = {"data-is-retained", "secrets-are-secret"}


@pytest.mark.parametrize("stack", [*LAYERS, "local"])
def test_no_stack_breaks_a_rule_and_every_answer_is_known(stack):
    found = report.of(as_stack(record(stack), stage_of(stack)))

    assert found.lines()[1:] == []
    assert found.answers


@pytest.mark.parametrize("stack", ["staging-base", "staging"])
def test_no_throwaway_stack_breaks_a_rule(stack):
    found = report.of(as_stack(record(stack, throwaway=True), "throwaway"))

    assert found.lines()[1:] == []


@pytest.mark.parametrize("changed", [{"cdn": False}, {"live": False}], ids=["the CDN is off", "not live yet"])
@pytest.mark.parametrize("stack", ["production-base", "production"])
def test_what_an_operator_needs_in_an_emergency_or_a_move_breaks_no_rule(stack, changed):
    found = report.of(as_stack(record(stack, **changed), "production"))

    assert found.lines()[1:] == []


@pytest.mark.parametrize("stack", ["production-base", "production"])
def test_a_first_preview_breaks_no_rule_and_counts_what_it_does_not_know(stack):
    found = report.of(as_stack(record(stack, preview=True), "production"))

    assert found.findings == []
    assert found.as_json()["unknown"]


# A throwaway stack taken for one that keeps its data breaks many rules; a first preview leaves many open.
@pytest.mark.parametrize("stack", ["staging-base", "staging"])
def test_the_three_ways_find_the_same(stack):
    recorded, exported, previewed = asked_three_ways(record(stack, throwaway=True), "staging")

    assert exported == recorded
    assert previewed == {rule: said for rule, said in recorded.items() if rule not in NOT_TOLD}
    assert "data-is-protected" in recorded


@pytest.mark.parametrize("stack", ["production-base", "production"])
def test_the_three_ways_leave_the_same_open(stack):
    recorded, exported, previewed = asked_three_ways(record(stack, preview=True), "production")

    assert exported == recorded
    assert previewed == {rule: said for rule, said in recorded.items() if rule not in NOT_TOLD}
    assert "secrets-are-secret" in recorded


def asked_three_ways(graph, stage):
    """What is bad and what is not known, as recorded, as exported, and as far as a pack is told."""
    recorded = told_by(judge_all(RULES, as_stack(graph, stage)))
    exported = told_by(judge_all(RULES, state.read(as_export(graph))))
    previewed = {rule: said for rule, said in told_by_pack(graph, stage).items() if rule not in NOT_TOLD}
    return recorded, exported, previewed


def test_what_a_pack_is_not_told_it_does_not_call_good():
    previewed = told_by_pack(record("production-base"), "production")

    assert previewed["data-is-retained"] == (set(), True)


def export(tmp_path, graph):
    path = tmp_path / "state.json"
    path.write_text(as_export(graph))
    return str(path)


def test_the_command_is_content_with_a_good_state(tmp_path, capsys):
    code = command.main([export(tmp_path, record("production"))])

    assert code == 0
    assert capsys.readouterr().out.startswith("0 findings, 0 answers not known yet: ")


def test_the_command_lists_what_is_wrong_the_worst_first_and_ends_with_3(tmp_path, capsys):
    code = command.main([export(tmp_path, record("staging-base", throwaway=True)), "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 3
    assert found["stage"] == "staging"
    assert found["findings"][0]["severity"] == "critical"
    assert {"rule", "severity", "urn", "seen", "fix"} <= set(found["findings"][0])


def test_a_throwaway_state_is_taken_for_one_when_it_is_said(tmp_path):
    assert command.main([export(tmp_path, record("staging-base", throwaway=True)), "--throwaway"]) == 0


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"deployment": []}', '{"deployment": {"resources": []}}', '{"deployment": {"resources": [1]}}'],
)
def test_what_is_no_export_is_refused_with_what_to_do(tmp_path, capsys, text):
    path = tmp_path / "state.json"
    path.write_text(text)

    assert command.main([str(path)]) == 2
    assert "pulumi stack export" in capsys.readouterr().err


def test_a_secret_of_an_exported_state_is_known_to_be_one():
    sealed = {state._SIGNATURE: state._SECRET, "ciphertext": "v1:x"}
    entry = {"urn": "urn:pulumi:production::boka::aws:x/y:Y::n", "type": "aws:x/y:Y", "inputs": {"a": {"b": sealed}}}

    found = state.resource(entry)

    assert found.secrets == {"a"}


def test_what_is_about_to_be_deleted_is_not_judged():
    kept = {"urn": "urn:pulumi:production::boka::aws:x/y:Y::n", "type": "aws:x/y:Y"}
    text = json.dumps({"deployment": {"resources": [kept, {**kept, "delete": True}]}})

    assert len(state.read(text).resources) == 1
