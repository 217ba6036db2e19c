"""`python -m tools`: exit codes, and the shape of its JSON."""

import json
from pathlib import Path

import pytest

from tools.__main__ import main


@pytest.fixture(autouse=True)
def _empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOKA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))


def test_status_as_json_names_every_tool_and_its_routes(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["status", "--json"])

    tools = {tool["name"]: tool for tool in json.loads(capsys.readouterr().out)}
    assert code == 0
    assert tools.keys() == {"go", "pebble", "pulumi", "versitygw"}
    assert tools["pulumi"].keys() == {"name", "summary", "wanted", "bin", "route", "would_try", "build_takes_s"}


def test_status_as_text_says_how_a_missing_tool_would_come(capsys: pytest.CaptureFixture[str]) -> None:
    main(["status"])

    assert "missing, would come by build, a build takes up to 360 s" in capsys.readouterr().out


def test_an_unknown_tool_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ensure", "saw"]) == 2
    assert "tools: no tool is named 'saw'" in capsys.readouterr().err
