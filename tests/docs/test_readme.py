"""Every command that the README shows is run by a test."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text()
PLATFORM = (REPOSITORY / "tests" / "platform" / "test_platform.py").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [line.removeprefix("$ ") for block in BLOCKS for line in block.splitlines() if line.startswith("$ ")]
MAKE_TARGETS = set(re.findall(r"^([a-z]+):.*##", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))
# `make test` is what runs these tests; it runs `make check`; the platform test raises and removes through make.
RUN_THROUGH_MAKE = {"make up", "make test", "make check", "make down"}
# The platform test runs these with a forward that it ends itself, and reads the others from the README.
RUN_APART = {"boka open"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_is_run_by_a_test(command):
    assert command in RUN_THROUGH_MAKE | RUN_APART or (command.startswith("boka ") and "readme_commands()" in PLATFORM)


def test_the_readme_shows_the_two_commands():
    assert {"make up", "make test"} <= set(COMMANDS)


def test_every_make_target_that_the_readme_names_exists():
    assert set(re.findall(r"`make ([a-z]+)", README)) <= MAKE_TARGETS


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)", README))))
def test_every_link_of_the_readme_leads_somewhere(link):
    assert (REPOSITORY / link).exists()
