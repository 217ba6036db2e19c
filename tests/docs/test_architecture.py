import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "docs" / "explanation" / "architecture.md").read_text()
PATHS = sorted({path for path in re.findall(r"`([\w./]+)`", TEXT) if "/" in path})


@pytest.mark.parametrize("path", PATHS)
def test_every_path_that_the_architecture_names_exists(path):
    assert (REPOSITORY / path).exists()


def test_every_folder_of_the_repository_has_its_line():
    folders = {path.name for path in REPOSITORY.iterdir() if path.is_dir() and not path.name.startswith(".")}
    tracked = folders - {"docs", "node_modules"}

    assert {name for name in tracked if f"`{name}/" not in TEXT} == set()
