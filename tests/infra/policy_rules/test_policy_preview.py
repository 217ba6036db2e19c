"""The pack under the real engine: a good preview passes, a bad one stops, and what is not known is said."""

import os
from pathlib import Path

import pytest
from real_engine import Engine

from infra.policy import report, state

pytestmark = pytest.mark.engine
PROGRAM = """
import pulumi, pulumi_aws as aws

provider = aws.Provider("main", region="eu-central-1", allowed_account_ids=["111122223333"])
aws.s3.Bucket("open", force_destroy=True, opts=pulumi.ResourceOptions(provider=provider))
"""
PACK = Path(__file__).parents[3] / "infra" / "policy"


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A world in which nothing is made yet, with the pack's starter on PATH."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(PACK), os.environ["PATH"]]))
    return Engine.new(tmp_path / "engine")


def test_a_first_preview_passes_and_says_what_it_does_not_know(engine):
    done = engine.run("preview", "production-base", "--policy-pack", str(PACK))

    assert done.code == 0, done.text
    assert "not-known-yet" in done.text
    assert "[mandatory]" not in done.text


def test_a_preview_that_breaks_a_rule_stops_with_the_fix(engine):
    project = engine.folder / "project" / "Pulumi.yaml"
    project.write_text(project.read_text().replace("main: infra", "main: open.py"))
    (project.parent / "open.py").write_text(PROGRAM)

    done = engine.run("preview", "production-base", "--policy-pack", str(PACK))

    assert done.code != 0
    assert "bucket-is-not-emptied" in done.text
    assert "Leave force_destroy out." in done.text


def test_what_is_made_under_the_pack_leaves_nothing_open_in_its_exported_state(engine):
    done = engine.run("up", "production-base", "--policy-pack", str(PACK))
    exported = engine.folder / "state.json"
    engine.pulumi("stack", "export", "--stack", "production-base", "--file", str(exported))

    found = report.of(state.read(exported.read_text()))

    assert done.code == 0, done.text
    assert found.lines()[1:] == []
    assert found.as_json()["good"] > 0
