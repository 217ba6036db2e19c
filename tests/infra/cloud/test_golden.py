"""What exists in each layer, as reviewed, and that nothing that holds data is renamed without an alias."""

import golden
import pytest
from recorder import Monitor, record

from infra import naming
from infra.settings import SettingsError


def test_the_layer_is_the_reviewed_one(graph):
    golden.compare(graph.stack, golden.picture(graph))


def test_what_holds_data_keeps_its_name_or_has_an_alias(graphs):
    present = [golden.key(one) for graph in graphs.values() for one in graph.resources if one.protect]
    renamed = [
        golden.key(one).rsplit("/", 1)[0] + f"/{old}"
        for graph in graphs.values()
        for one in graph.resources
        for old in naming.ALIASES.get((one.type, one.name), ())
    ]

    golden.compare_grown("stateful", present, renamed)


@pytest.mark.parametrize("layer", ["production-base", "production"])
def test_nothing_is_registered_when_a_setting_is_refused(layer, monkeypatch):
    registered = []
    register = Monitor.RegisterResource
    monkeypatch.setattr(
        Monitor, "RegisterResource", lambda *said: (registered.append(said[1].type), register(*said))[1]
    )

    with pytest.raises(SettingsError, match="it overlaps"):
        record(layer, network="10.30.0.0/16")

    assert set(registered) <= {"pulumi:pulumi:Stack"}


def test_the_local_program_is_entered_the_same_way():
    made = record("local")

    assert len(made.of("Host")) == 10
    assert made.outputs["virtual_address"] == "198.18.0.10"
    assert made.cloud() == []
