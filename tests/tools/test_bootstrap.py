"""What `bootstrap.sh` can be asked without changing the machine, and the list it reads."""

import re
import subprocess

import pytest

from tools.catalog import HERE

BOOTSTRAP = str(HERE / "bootstrap.sh")
LISTS = ("apt-packages.txt", "apt-packages-test.txt")
PACKAGES = [line for name in LISTS for line in (HERE / name).read_text().splitlines() if line and line[0] != "#"]


def test_an_unknown_mode_is_a_usage_error_that_lists_the_modes() -> None:
    answer = subprocess.run([BOOTSTRAP, "down"], capture_output=True, text=True, check=False)

    assert answer.returncode == 2
    assert "up, test or check" in answer.stderr


@pytest.mark.parametrize("line", PACKAGES, ids=lambda line: line.split()[0])
def test_every_package_has_its_reason(line: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9.+-]+ +# \S.{9,}", line)


def test_packages_are_listed_once() -> None:
    names = [line.split()[0] for line in PACKAGES]

    assert len(names) == len(set(names))
