"""`boka config explain`: every setting, whatever the file says."""

import json
import sys

import pytest

from infra.settings import Settings
from ops import cli, explanation
from ops.stacks import Stack


def line(stack, key):
    return next(one for one in explanation.of(Stack(stack)).settings if one.key == key)


def test_every_setting_of_a_local_stack_is_explained():
    found = explanation.of(Stack("local")).settings

    assert {one.key for one in found} == set(Settings.model_fields) - {"stack"}
    assert [one.key for one in found if len(one.meaning) < 20 or not one.meaning.endswith(".")] == []


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_the_value_is_the_files(stack):
    assert (line(stack, "region").value, line(stack, "region").is_set) == ("eu-central-1", True)


def test_what_the_file_leaves_out_has_its_default():
    assert (line("production", "root_gib").value, line("production", "root_gib").is_set) == (16, False)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("profile", "full | small"),
        ("throwaway", "true | false"),
        ("root_gib", "number"),
        ("account_id", "text"),
        ("backup_account_id", "text"),
        ("zones", "list"),
        ("volume_gib", "map"),
        ("network", "IPv4 network"),
        ("log_keep_days", "30 | 60 | 90 | 180 | 365 | 731"),
    ],
)
def test_a_type_is_in_the_readers_words(key, text):
    assert line("production", key).type == text


def test_a_wrong_value_is_explained_not_refused():
    throwaway = Stack("t0a1b")
    throwaway.settings.parent.mkdir(parents=True)
    throwaway.settings.write_text("config: {'boka:app_hosts': many}")

    assert line("t0a1b", "app_hosts").value == "many"


def test_the_verb_speaks_json(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["boka", "config", "explain", "production", "--json"])

    with pytest.raises(SystemExit):
        cli.main()

    told = json.loads(capsys.readouterr().out)
    assert told["stack"] == "production"
    assert set(told["settings"][0]) == {"key", "type", "required", "default", "value", "is_set", "meaning"}
