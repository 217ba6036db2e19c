"""What an operator is told, and asked, before anything is changed in a cloud."""

import io
import sys

import pytest
from cloud_account import settle

from ops import journal
from ops.cloud import agreement
from ops.engine import Outcome
from ops.screen import NotConfirmed, Screen
from ops.session import Session
from ops.stacks import Stack

MORE = Outcome(changes={"create": 3, "same": 9}, moving={"urn:x": "create"})


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def said():
    return io.StringIO()


@pytest.fixture
def run(tmp_path, monkeypatch, said):
    settle(tmp_path, monkeypatch)
    with journal.record("production", "up") as record:
        yield Session(stack=Stack("production"), screen=Screen(err=said), record=record)


def type_in(monkeypatch, text, kind=Terminal):
    monkeypatch.setattr(sys, "stdin", kind(text))


def test_changes_and_cost_are_told_before_the_question(run, said, monkeypatch):
    type_in(monkeypatch, "production\n")

    agreement.asking(run, yes=False)(MORE)

    told = said.getvalue()
    would, cost = told.index("boka up would create 3 resources"), told.index("US dollars a month")
    assert would < cost < told.index("Type the stack's name (production)")


def test_another_text_than_the_name_stops_the_run(run, monkeypatch):
    type_in(monkeypatch, "yes\n")

    with pytest.raises(NotConfirmed, match='"yes" is not the stack\'s name'):
        agreement.asking(run, yes=False)(MORE)


@pytest.mark.parametrize(
    ("kind", "yes", "outcome"),
    [
        pytest.param(Terminal, True, MORE, id="who said yes"),
        pytest.param(io.StringIO, False, MORE, id="a program, which cannot answer"),
        pytest.param(Terminal, False, Outcome(changes={"same": 12}), id="whoever has nothing to agree to"),
    ],
)
def test_who_is_not_asked(run, said, monkeypatch, kind, yes, outcome):
    type_in(monkeypatch, "", kind)

    agreement.asking(run, yes=yes)(outcome)

    assert "boka up would" in said.getvalue()
    assert "Type the stack's name" not in said.getvalue()
