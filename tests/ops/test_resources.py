import pytest
from pulumi.automation.events import EngineEvent

from ops import resources
from ops.resources import Watcher

URN = "urn:pulumi:local::boka::boka:local:Fleet$pulumi-python:dynamic/boka:Host::db1"


class Heard:
    def __init__(self):
        self.said, self.doing = [], []
        self.watcher = Watcher(self.said.append, self.doing.append)

    def tell(self, **event):
        self.watcher.see(EngineEvent.from_json({"sequence": 1, "timestamp": 1, **event}))


@pytest.fixture
def heard():
    return Heard()


def step(operation):
    return {"metadata": {"op": operation, "urn": URN, "type": "pulumi-python:dynamic/boka:Host", "provider": ""}}


def test_what_is_being_made_is_shown_and_told_when_it_is_made(heard):
    heard.tell(resourcePreEvent=step("create"))
    heard.tell(resOutputsEvent=step("create"))

    assert heard.doing == ["creating host db1"]
    assert heard.said == ["host db1 created in 0.0 s"]


def test_what_stays_is_not_told(heard):
    heard.tell(resOutputsEvent=step("same"))

    assert heard.said == []


def test_a_preview_says_what_would_be_done(heard):
    heard.tell(resOutputsEvent=step("delete") | {"planning": True})

    assert heard.said == ["host db1 would be removed"]


def test_what_a_cloud_makes_is_told_and_the_brackets_around_it_are_not(heard):
    chain = "urn:pulumi:production::boka::boka:aws:Layer$boka:aws:Hosts"
    made = {"op": "create", "urn": f"{chain}$aws:ec2/instance:Instance::db1", "type": "", "provider": ""}
    heard.tell(resOutputsEvent={"metadata": {**made, "urn": f"{chain}::hosts"}})
    heard.tell(resourcePreEvent={"metadata": made})
    heard.tell(resOutputsEvent={"metadata": made})

    assert heard.said == ["instance db1 created in 0.0 s"]
    assert heard.watcher.changes == {"create": 1}


def test_a_policy_that_stops_a_run_is_why_it_stopped_and_an_advice_is_told(heard):
    message = "<{%reset%}>A KMS key is rotated.\nKey audit: enableKeyRotation is not set. Pass it.<{%reset%}>\n"
    heard.tell(policyEvent={"policyName": "key-rotates", "enforcementLevel": "mandatory", "message": message})
    heard.tell(policyEvent={"policyName": "not-known-yet", "enforcementLevel": "advisory", "message": "a: 2\nb: 3"})

    stopped = "policy key-rotates: A KMS key is rotated. Key audit: enableKeyRotation is not set. Pass it."
    assert heard.watcher.errors == [stopped]
    assert heard.said == ["policy not-known-yet: a: 2 b: 3"]


def test_a_look_for_drift_says_what_is_so_and_not_what_would_be_done(heard):
    watcher = Watcher(heard.said.append, heard.doing.append, resources.DRIFT)
    for operation in ("update", "delete"):
        event = {"sequence": 1, "timestamp": 1, "resOutputsEvent": step(operation) | {"planning": True}}
        watcher.see(EngineEvent.from_json(event))

    assert heard.said == ["host db1 is not as it was made", "host db1 is gone"]


def test_errors_are_kept_without_colours(heard):
    heard.tell(
        diagnosticEvent={"message": "<{%reset%}>no space<{%reset%}>\n", "color": "raw", "severity": "error", "urn": URN}
    )

    assert heard.watcher.errors == ["host db1: no space"]


def test_what_pulumi_tells_its_own_developers_is_not_shown(heard):
    heard.tell(diagnosticEvent={"message": "registering", "color": "raw", "severity": "debug"})

    assert (heard.said, heard.doing) == ([], [])


def test_changes_are_counted_by_operation(heard):
    for operation in ("create", "same", "same", "refresh"):
        heard.tell(resOutputsEvent=step(operation))

    assert heard.watcher.changes == {"create": 1, "same": 2}


@pytest.mark.parametrize("kind", ["pulumi:pulumi:Stack", "pulumi:providers:pulumi-python", "boka:local:Stack"])
def test_what_is_not_on_the_machine_is_neither_told_nor_counted(heard, kind):
    urn = f"urn:pulumi:local::boka::{kind}::x"
    heard.tell(resOutputsEvent={"metadata": {"op": "create", "urn": urn, "type": kind, "provider": ""}})

    assert (heard.said, heard.watcher.changes) == ([], {})


def test_a_traceback_is_cut_to_what_was_raised():
    trace = "Traceback (most recent call last):\n  File x\ninfra.LocalError: disk full"
    error = f"host db1: Exception calling application\n{trace}"

    assert resources.shorten(error) == "host db1: infra.LocalError: disk full"


def test_without_errors_of_resources_the_end_of_the_output_is_told(tmp_path):
    assert "error: no stack" in resources.explain([], "x\nerror: no stack\n", tmp_path / "log")


def test_a_resource_is_named_by_its_kind_and_name():
    assert resources.thing(URN) == "host db1"
