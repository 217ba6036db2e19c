"""Dependencies point one way, as docs/explanation/architecture.md says."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
OURS = {"app", "boka_app", "infra", "ops", "plugins", "tools"}
MAY_IMPORT = {
    "infra": {"infra"},
    "ops": {"ops", "infra", "tools"},
    "tools": {"tools"},
    "app/src": {"boka_app"},
    "plugins": {"infra", "ops"},
}
PURE = (
    "infra/settings.py",
    "infra/fleet.py",
    "infra/policy/model.py",
    "infra/policy/table.py",
    "infra/policy/state.py",
)
DOES_IO = {"os", "pathlib", "subprocess", "socket", "shutil", "httpx", "pulumi"}


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_lies_below_it(folder):
    files = sorted((REPOSITORY / folder).rglob("*.py"))
    wrong = {str(file): names for file in files if (names := (imported(file) & OURS) - MAY_IMPORT[folder])}

    assert files
    assert wrong == {}


@pytest.mark.parametrize("file", PURE)
def test_a_description_does_no_input_or_output(file):
    assert imported(REPOSITORY / file) & DOES_IO == set()
