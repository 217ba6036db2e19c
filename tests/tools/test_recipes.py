"""The committed recipes agree with themselves: `tools/*/tool.toml` and the Go modules beside them."""

import re
from itertools import chain
from pathlib import Path

import pytest
from pydantic import ValidationError

from tools.catalog import HERE, Tool, load
from tools.resolve import version_key

TOOLS = load()
MODULES = sorted(HERE.glob("*/build/**/go.mod"))


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    assert match
    return match.group(1)


def test_every_tool_has_a_way_to_come() -> None:
    assert [name for name, tool in TOOLS.items() if not (tool.release or tool.wheel or tool.build)] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.parent.relative_to(HERE)))
def test_the_go_we_accept_is_new_enough_for_every_module(module: Path) -> None:
    needed = _first(r"^go (\S+)$", module.read_text())

    assert version_key(needed) <= version_key(TOOLS["go"].at_least or "")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.parent.relative_to(HERE)))
def test_every_module_is_pinned_by_checksums(module: Path) -> None:
    assert module.with_name("go.sum").read_text().count("h1:") > 1


@pytest.mark.parametrize("tool", [tool for tool in TOOLS.values() if tool.build], ids=lambda tool: tool.name)
def test_every_file_comes_from_the_build_once(tool: Tool) -> None:
    assert tool.build

    outputs = [part.output for part in chain(tool.build.go, tool.build.files)]

    assert sorted(outputs) == sorted(tool.files)


@pytest.mark.parametrize("tool", [tool for tool in TOOLS.values() if tool.build], ids=lambda tool: tool.name)
def test_the_module_of_the_main_program_has_the_tools_version(tool: Tool) -> None:
    assert tool.build
    module = (tool.folder / tool.build.go[0].module / "go.mod").read_text()

    assert re.search(rf" v{re.escape(tool.version)}( // indirect)?$", module, re.MULTILINE)
    assert f"=v{tool.version}" in tool.build.go[0].ldflags


def test_a_misspelt_key_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "saw").mkdir()
    (tmp_path / "saw" / "tool.toml").write_text('verion = "1"\n')

    with pytest.raises(ValidationError, match="verion"):
        load(tmp_path)
