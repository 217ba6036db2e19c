"""Which scenarios run, in which order, and how a failure is counted: without hosts."""

import re
from pathlib import Path

import pytest
from run import NEEDS, Step, run_steps, steps_for, summary

ROOT = Path(__file__).parents[2]


def steps(**is_tested):
    return [Step(scenario=name, is_tested=tested) for name, tested in is_tested.items()]


def test_without_names_every_scenario_is_tested():
    assert steps_for([]) == [Step(scenario=name, is_tested=True) for name in NEEDS]


def test_what_a_role_needs_is_only_converged():
    assert steps_for(["host_certificate"]) == steps(base=False, node_exporter=False, host_certificate=True)


def test_named_roles_run_in_the_sites_order():
    assert [step.scenario for step in steps_for(["node_exporter", "base"])] == ["base", "node_exporter"]


def test_a_role_whose_need_failed_is_not_tried():
    outcomes = run_steps(steps(base=True, node_exporter=True), lambda _step: False)

    assert outcomes == {"base": "failed", "node_exporter": "not tried, since base does not work"}


def test_what_was_not_tried_counts_as_failed():
    assert summary({"base": "passed", "world": "failed", "backup": "not tried, since world does not work"}) == (
        "roles: 1 passed, 2 failed"
    )


def test_what_was_only_prepared_does_not_count():
    assert summary({"base": "prepared", "world": "passed"}) == "roles: 1 passed, 0 failed"


def test_every_role_has_a_scenario():
    assert {path.name for path in (ROOT / "roles").iterdir()} == set(NEEDS) - {"bare"}


@pytest.mark.parametrize("scenario", NEEDS)
def test_a_scenario_has_its_playbook_and_its_tests(scenario):
    assert (ROOT / "molecule" / scenario / "converge.yml").exists()
    assert (ROOT / "tests/roles" / scenario / f"test_{scenario}.py").exists()


def test_scenarios_are_in_the_sites_order():
    site = re.findall(r"role: (\w+)", (ROOT / "playbooks/site.yml").read_text())

    assert list(dict.fromkeys(site)) == [name for name in NEEDS if name != "bare"]


@pytest.mark.parametrize("scenario", NEEDS)
def test_a_scenario_comes_after_what_it_needs(scenario):
    order = list(NEEDS)

    assert all(order.index(need) < order.index(scenario) for need in NEEDS[scenario])
