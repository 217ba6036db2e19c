"""Which packages the module asks apt for: a fake of the command line answers for dpkg and apt."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[2] / "plugins/modules/packages.py"


@pytest.fixture(scope="module")
def packages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("packages", SOURCE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class CommandLine:
    """Answers in the given order and remembers what was asked."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self._answers = list(answers)
        self.asked: list[list[str]] = []

    def run_command(self, args: list[str], **_options: object) -> tuple[int, str, str]:
        self.asked.append(args)
        code, out = self._answers.pop(0)
        return code, out, ""


def test_a_removed_package_with_its_settings_left_is_not_installed(packages):
    dpkg = CommandLine((0, "nginx config-files 1.26.3\ncurl installed 8.14\n"))

    assert packages.installed(dpkg, ["nginx", "curl"]) == {"curl": "8.14"}


def test_a_package_unknown_to_dpkg_does_not_hide_the_others(packages):
    dpkg = CommandLine((1, "curl installed 8.14\n"))

    assert packages.installed(dpkg, ["curl", "nosuch"]) == {"curl": "8.14"}


@pytest.mark.parametrize(
    ("version", "lacking"),
    [("4.35.2-3~bpo13+1", []), ("4.9.1-2", ["lego=4.35.*"])],
    ids=["fits", "an older one is replaced"],
)
def test_a_wanted_version_must_fit(packages, version, lacking):
    assert packages.missing(["lego=4.35.*"], {"lego": version}) == lacking


def test_the_lists_are_left_alone_when_they_suffice(packages):
    apt = CommandLine((0, ""))

    packages.install(apt, ["nginx"])

    assert [argv[1] for argv in apt.asked] == ["install"]


def test_old_lists_are_fetched_again_and_the_installation_repeated(packages):
    apt = CommandLine((100, ""), (0, ""), (0, ""))

    packages.install(apt, ["nginx"])

    assert [argv[1] for argv in apt.asked] == ["install", "update", "install"]
