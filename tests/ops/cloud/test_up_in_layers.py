"""In which order a cloud stack's layers are looked at, agreed to and raised. Pulumi is a fake here."""

import json

import pytest

from ops import engine
from ops.cloud import leftovers as cloud_leftovers
from ops.cloud import plans
from ops.cloud.plans import PlanRefused
from ops.engine import Outcome
from ops.stacks import Stack

PRODUCTION = Stack("production")
BASE, TOP = PRODUCTION.layers
URN = "urn:pulumi:production::boka::aws:ec2/instance:Instance::app1"


class Pulumi:
    """Answers for both layers: what would be done, and whether the base was ever raised."""

    def __init__(self):
        self.asked = []
        self.would = {BASE: "same", TOP: "same"}
        self.raised = True

    def look(self, _stack, layer, _record, _screen, keep_in=None):
        self.asked.append(f"look at {layer}")
        if keep_in:
            write(plans.file(keep_in, layer), self.would[layer])
        return Outcome(changes={self.would[layer]: 1})

    def up(self, _stack, layer, _record, _screen, plan=None):
        self.asked.append(f"raise {layer}{' by plan' if plan else ''}")
        self.raised = True
        return Outcome(changes={self.would[layer]: 1})

    def is_whole(self, _stack, _layer):
        return self.raised

    def agree(self, outcome):
        self.asked.append(f"ask about {outcome.changed}")


def write(path, step):
    path.write_text(json.dumps({"resourcePlans": {URN: {"goal": {}, "steps": [step]}}}))


@pytest.fixture
def pulumi(monkeypatch):
    fake = Pulumi()
    monkeypatch.setattr(engine, "_look", fake.look)
    monkeypatch.setattr(engine, "_up", fake.up)
    monkeypatch.setattr(cloud_leftovers, "is_whole", fake.is_whole)
    for name in ("refuse_held", "refuse_unsettled"):
        monkeypatch.setattr(cloud_leftovers, name, lambda _: None)
    return fake


class Silent:
    def say(self, _):
        """Nothing."""


def up(pulumi, *, planned=False):
    return engine.up(PRODUCTION, None, Silent(), agree=pulumi.agree, planned=planned)


def test_both_layers_are_looked_at_and_agreed_to_before_either_is_changed(pulumi):
    pulumi.would = {BASE: "update", TOP: "create"}

    up(pulumi)

    assert pulumi.asked == [f"look at {BASE}", f"look at {TOP}", "ask about 2", f"raise {BASE}", f"raise {TOP}"]


def test_a_layer_whose_resources_all_stay_is_raised_too(pulumi):
    up(pulumi)

    assert pulumi.asked[2:] == ["ask about 0", f"raise {BASE}", f"raise {TOP}"]


def test_a_layer_that_could_not_be_looked_at_is_agreed_to_in_its_turn(pulumi):
    pulumi.raised, pulumi.would = False, {BASE: "create", TOP: "create"}

    up(pulumi)

    again = [f"look at {TOP}", "ask about 1", f"raise {TOP}"]
    assert pulumi.asked == [f"look at {BASE}", "ask about 1", f"raise {BASE}", *again]


def test_a_plan_is_held_against_every_layer_before_any_is_changed(pulumi):
    keep(update=BASE, create=TOP)
    pulumi.would = {BASE: "update", TOP: "replace"}

    with pytest.raises(PlanRefused, match="instance app1: planned create, now replace"):
        up(pulumi, planned=True)

    assert pulumi.asked == [f"look at {BASE}", f"look at {TOP}"]


def test_what_was_planned_is_done_by_pulumis_own_plan(pulumi):
    keep(same=BASE, create=TOP)
    pulumi.would = {BASE: "same", TOP: "create"}

    up(pulumi, planned=True)

    assert pulumi.asked[-2:] == [f"raise {BASE} by plan", f"raise {TOP} by plan"]


def test_a_layer_that_the_plan_leaves_out_is_left_as_it_is(pulumi):
    keep(create=BASE)
    pulumi.raised, pulumi.would = False, {BASE: "create", TOP: "create"}

    done = up(pulumi, planned=True)

    assert done.unseen == (TOP,)
    assert pulumi.asked[-1] == f"raise {BASE} by plan"


def test_the_plan_that_is_held_against_the_kept_one_does_not_stay(pulumi):
    keep(same=BASE, update=TOP)

    with pytest.raises(PlanRefused):
        up(pulumi, planned=True)

    assert not (PRODUCTION.pulumi / "plan").exists()


def keep(**layers):
    place = plans.emptied(plans.folder(PRODUCTION))
    for step, layer in layers.items():
        write(plans.file(place, layer), step)
