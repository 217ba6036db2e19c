"""What `ensure` leaves behind, with a Go of a few shell lines and a real cache folder."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest

from tests.tools.builders import A_BUILD, ANSWERS_1_0_0, Bench, a_tool
from tools.errors import CacheNotWritable, ToolUnavailable, UnknownTool
from tools.resolve import Route


def test_a_missing_tool_is_built_and_kept(bench: Bench) -> None:
    bench.put_go()
    workshop = bench.workshop()

    first, second = workshop.ensure("hammer"), workshop.ensure("hammer")

    assert first == second == bench.home / "1.0.0" / "bin"
    assert os.access(first / "hammer", os.X_OK)
    assert bench.builds == 1


def test_a_right_copy_on_path_is_used_and_nothing_is_built(bench: Bench) -> None:
    bench.put_program("hammer", "#!/bin/sh\necho v1.0.0\n")

    assert bench.workshop().ensure("hammer") == bench.path
    assert not bench.home.exists()


def test_another_version_on_path_does_not_count(bench: Bench) -> None:
    bench.put_program("hammer", "#!/bin/sh\necho v0.9.0\n")
    bench.put_go()

    assert bench.workshop().ensure("hammer") == bench.home / "1.0.0" / "bin"


def test_a_changed_recipe_gets_a_place_of_its_own(bench: Bench) -> None:
    bench.put_go()
    changed = a_tool(bench.folder / "recipe", build=A_BUILD).model_copy(update={"revision": 2})

    assert bench.workshop(changed).ensure("hammer") == bench.home / "1.0.0-2" / "bin"


def test_two_runs_at_once_build_once_and_the_second_says_whom_it_waits_for(bench: Bench) -> None:
    os.mkfifo(bench.folder / "gate")
    bench.put_go(build=f"read _ < {bench.folder}/gate; {ANSWERS_1_0_0}")
    building, waiting = Event(), Event()
    first = replace(bench.workshop(), report=lambda text: building.set() if "building" in text else None)
    second = replace(bench.workshop(), report=lambda text: waiting.set() if f"process {os.getpid()}" in text else None)

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first.ensure, "hammer")
        assert building.wait(5)
        two = pool.submit(second.ensure, "hammer")
        assert waiting.wait(5)
        (bench.folder / "gate").write_text("go on\n")

    assert one.result() == two.result()
    assert bench.builds == 1


def test_an_interrupted_build_leaves_nothing_half_made(bench: Bench) -> None:
    bench.put_go(build='echo half > "$target"; kill -INT $PPID; exec sleep 10')

    with pytest.raises(KeyboardInterrupt):
        bench.workshop().ensure("hammer")

    assert [path.name for path in bench.home.iterdir()] == [".lock"]


def test_what_a_killed_run_left_is_cleared_by_the_next(bench: Bench) -> None:
    (bench.home / ".new-dead" / "bin").mkdir(parents=True)
    bench.put_go()

    bench.workshop().ensure("hammer")

    assert sorted(path.name for path in bench.home.iterdir()) == [".lock", "1.0.0"]


def test_a_failed_build_shows_what_the_compiler_said_and_leaves_nothing(bench: Bench) -> None:
    bench.put_go(build="echo 'main.go:7: undefined: nail' >&2; exit 1")

    with pytest.raises(ToolUnavailable, match=r"undefined: nail.*python -m tools ensure hammer"):
        bench.workshop().ensure("hammer")

    assert [path.name for path in bench.home.iterdir()] == [".lock"]


def test_a_build_of_the_wrong_version_is_not_installed(bench: Bench) -> None:
    bench.put_go(build=ANSWERS_1_0_0.replace("1.0.0", "2.0.0"))

    with pytest.raises(ToolUnavailable, match=r"says version 2\.0\.0, not 1\.0\.0"):
        bench.workshop().ensure("hammer")


def test_without_go_the_text_names_the_version_and_the_command_that_helps(bench: Bench) -> None:
    with pytest.raises(ToolUnavailable) as caught:
        bench.workshop().ensure("hammer")

    assert "go 1.25.11 or newer is missing" in str(caught.value)
    assert "python -m tools ensure go" in str(caught.value)


def test_a_go_that_is_too_old_counts_as_missing_and_is_named(bench: Bench) -> None:
    bench.put_go(version="1.19.8")

    with pytest.raises(ToolUnavailable, match=r"path: \S+ has 1\.19\.8"):
        bench.workshop().ensure("hammer")

    assert bench.builds == 0


def test_a_cache_that_is_a_file_is_named(bench: Bench) -> None:
    (bench.folder / "cache").write_text("")

    with pytest.raises(CacheNotWritable, match="BOKA_CACHE"):
        bench.workshop().ensure("hammer")


def test_an_unknown_name_lists_the_known_ones(bench: Bench) -> None:
    with pytest.raises(UnknownTool, match=r"'saw'.*go, hammer"):
        bench.workshop().ensure("saw")


def test_status_installs_nothing_and_says_what_would_be_tried(bench: Bench) -> None:
    status = {tool.name: tool for tool in bench.workshop().status()}

    assert status["hammer"].bin is None
    assert status["hammer"].would_try == (Route.BUILD,)
    assert not (bench.folder / "cache").exists()
