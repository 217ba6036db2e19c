"""What a kept plan holds for, and what counts as something else than planned."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cloud_account import settle

from ops.cloud import plans
from ops.cloud.plans import Binding, PlanRefused
from ops.errors import UsageError
from ops.stacks import Stack

URN = "urn:pulumi:production::boka::boka:aws:Hosts$aws:ec2/instance:Instance::app1"
PRODUCTION = Stack("production")
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HERE = {"settings_sha256": "5e", "commit": "c0ffee"}


def sealed(ciphertext):
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": ciphertext}


def plan(steps=("same",), **goal):
    return {URN: {"goal": {"inputDiff": {}, "outputDiff": {}, **goal}, "steps": list(steps), "seed": "AAAA"}}


def bound(**other):
    return Binding(**{"made": NOW.isoformat(), **HERE, **other})


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A committed settings file, and its folder."""
    file = settle(tmp_path, monkeypatch)
    monkeypatch.setattr(plans, "CHECKOUT", tmp_path)
    names = ("-c", "user.name=tests", "-c", "user.email=tests@boka.test")
    for words in (("init", "-q"), ("add", file.name), ("commit", "-q", "-m", "x")):
        subprocess.run(["git", *names, *words], cwd=tmp_path, check=True)
    return file


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(plan(), {URN: {**plan()[URN], "seed": "BBBB"}}, id="seeds of random names"),
        pytest.param(
            plan(inputDiff={"adds": {"key": sealed("x")}}),
            plan(inputDiff={"adds": {"key": sealed("y")}}),
            id="secrets, sealed anew",
        ),
        pytest.param(
            plan(dependencies=["urn:a", "urn:b"]), plan(dependencies=["urn:b", "urn:a"]), id="the order of dependencies"
        ),
    ],
)
def test_what_varies_from_run_to_run_is_no_difference(one, other):
    assert plans.differences(one, other) == []


@pytest.mark.parametrize(
    ("now", "told"),
    [
        pytest.param(plan(["update"], inputDiff={"updates": {"ami": "b"}}), "now update (ami)", id="another operation"),
        pytest.param(plan(outputDiff={"adds": {"site": 1}}), "now same (site)", id="another output"),
        pytest.param({}, "now nothing", id="a resource less"),
    ],
)
def test_anything_else_than_planned_is_told_with_both(now, told):
    assert plans.differences(plan(), now) == [f"instance app1: planned same, {told}"]


def test_a_value_other_than_planned_is_a_difference():
    one, other = (plan(["update"], inputDiff={"updates": {"ami": value}}) for value in "ab")

    assert plans.differences(one, other) == ["instance app1: planned update (ami), now update (ami)"]


@pytest.mark.parametrize(
    ("binding", "why"),
    [
        pytest.param(bound(made=(NOW - timedelta(hours=25)).isoformat()), "is 25 hours old; it may be 24", id="old"),
        pytest.param(bound(settings_sha256="6f"), "Pulumi.production.yaml was changed after the plan", id="settings"),
        pytest.param(bound(commit="decaf"), "is of commit decaf, this checkout is at c0ffee", id="commit"),
    ],
)
def test_a_plan_of_something_else_is_refused_with_the_verb_that_makes_one(binding, why):
    with pytest.raises(PlanRefused, match=why) as refused:
        plans.refuse_other(PRODUCTION, binding, HERE, NOW)

    assert "boka preview --stack production --save-plan" in str(refused.value)


@pytest.mark.usefixtures("checkout")
def test_a_plan_of_what_is_here_holds():
    plans.begin(PRODUCTION)
    plans.bind(PRODUCTION)

    plans.require(PRODUCTION)


@pytest.mark.usefixtures("checkout")
def test_a_plan_that_was_never_finished_is_none():
    plans.file(plans.begin(PRODUCTION), "production")

    with pytest.raises(PlanRefused, match="stack production has no plan"):
        plans.require(PRODUCTION)


def test_settings_that_are_not_committed_cannot_be_planned_with(checkout):
    checkout.write_text(checkout.read_text() + "# more\n")

    with pytest.raises(PlanRefused, match=r"these differ from it: Pulumi\.production\.yaml\. Commit them"):
        plans.begin(PRODUCTION)


@pytest.mark.usefixtures("checkout")
def test_a_layer_that_the_plan_leaves_out_is_refused(tmp_path):
    plans.begin(PRODUCTION)

    with pytest.raises(PlanRefused, match="the plan leaves out production"):
        plans.refuse_difference(PRODUCTION, "production", tmp_path / "now.json")


def test_a_stack_on_this_machine_has_no_plans(stack):
    with pytest.raises(UsageError, match="Use boka preview"):
        plans.require(stack)
