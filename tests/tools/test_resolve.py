"""Which route is chosen, without any machine."""

from pathlib import Path

import pytest

from tests.tools.builders import A_BUILD, a_tool
from tools.catalog import GoPackage, Release
from tools.resolve import Found, Ready, Route, choose, go_argv, go_environment, is_right, read_version

RELEASE = Release(url="https://example.test/hammer.tar.gz", sha256="0" * 64)
FOLDER = Path("/somewhere/bin")


def test_an_earlier_answer_is_taken_before_path(tmp_path: Path) -> None:
    choice = choose(a_tool(tmp_path), Found(cached=FOLDER, on_path=Path("/usr/bin"), path_version="1.0.0"))

    assert choice == Ready(route=Route.CACHE, folder=FOLDER)


def test_the_right_version_on_path_is_taken_as_it_is(tmp_path: Path) -> None:
    choice = choose(a_tool(tmp_path, build=A_BUILD), Found(on_path=FOLDER, path_version="1.0.0"))

    assert choice == Ready(route=Route.PATH, folder=FOLDER)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(Found(), id="nothing is there"),
        pytest.param(Found(on_path=FOLDER, path_version="1.0.1"), id="a newer version on PATH is another version"),
        pytest.param(Found(on_path=FOLDER, path_version=None), id="PATH's copy does not run"),
    ],
)
def test_the_official_release_comes_before_a_build(tmp_path: Path, found: Found) -> None:
    choice = choose(a_tool(tmp_path, build=A_BUILD, release=RELEASE), found)

    assert choice == (RELEASE, A_BUILD)


def test_an_undeclared_route_is_not_tried(tmp_path: Path) -> None:
    assert choose(a_tool(tmp_path, build=A_BUILD), Found()) == (A_BUILD,)


@pytest.mark.parametrize(
    ("version", "right"),
    [
        pytest.param("1.25.11", True, id="the lowest"),
        pytest.param("1.25.9", False, id="11 is after 9"),
        pytest.param("1.26", True, id="no patch number"),
        pytest.param("1.19.8", False, id="Debian 12"),
        pytest.param(None, False, id="no answer"),
    ],
)
def test_at_least_compares_numbers(tmp_path: Path, version: str | None, *, right: bool) -> None:
    assert is_right(a_tool(tmp_path, at_least="1.25.11"), version) is right


def test_a_version_is_read_from_what_the_tool_says() -> None:
    assert read_version(r"v(\d+\.\d+\.\d+)", "Version  : v1.8.0\nBuild: none") == "1.8.0"


def test_a_build_cannot_change_what_is_pinned() -> None:
    package = GoPackage(module="build", package="example.test/hammer", output="hammer", tags=("a", "b"))

    argv = go_argv(Path("/go/bin/go"), package, Path("/new/hammer"))

    assert argv[:2] == ["/go/bin/go", "build"]
    assert "-mod=readonly" in argv
    assert argv[argv.index("-tags") + 1] == "a,b"
    assert argv[-3:] == ["-o", "/new/hammer", "example.test/hammer"]


def test_go_keeps_its_caches_in_ours_unless_told_otherwise() -> None:
    environment = go_environment({"GOCACHE": "/mine", "GOTOOLCHAIN": "auto"}, Path("/cache"))

    assert environment["GOPATH"] == "/cache/go"
    assert environment["GOCACHE"] == "/mine"
    assert environment["GOTOOLCHAIN"] == "local"
