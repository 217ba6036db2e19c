"""By which route does a tool come, given what the machine has? Decisions only: nothing here looks or runs.

The order: an earlier answer of ours; the right version on PATH; the official release; the Python index; its source.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tools.catalog import Build, GoPackage, Release, Tool, Wheel


class Route(StrEnum):
    """A way to get a tool, in the order in which they are tried."""

    CACHE = "cache"
    PATH = "path"
    RELEASE = "release"
    WHEEL = "wheel"
    BUILD = "build"


Recipe = Release | Wheel | Build


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the machine has of one tool: folders that hold all of its files, and the version that PATH's one tells."""

    cached: Path | None = None
    on_path: Path | None = None
    path_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The tool is there: nothing to do."""

    route: Route
    folder: Path


def choose(tool: Tool, found: Found) -> Ready | tuple[Recipe, ...]:
    """Where the tool is, or else the recipes to try, best first."""
    if found.cached:
        return Ready(route=Route.CACHE, folder=found.cached)
    if found.on_path and is_right(tool, found.path_version):
        return Ready(route=Route.PATH, folder=found.on_path)
    return tuple(recipe for recipe in (tool.release, tool.wheel, tool.build) if recipe)


def tell_path(tool: Tool, found: Found) -> str:
    """Why PATH did not do, for a message."""
    if found.on_path is None:
        return f"path: PATH has no {', '.join(tool.files)}"
    return f"path: {found.on_path} has {found.path_version or 'one that does not run'}"


def route_of(recipe: Recipe) -> Route:
    """The name of a recipe's route."""
    match recipe:
        case Release():
            return Route.RELEASE
        case Wheel():
            return Route.WHEEL
        case Build():
            return Route.BUILD


def is_right(tool: Tool, version: str | None) -> bool:
    """Exactly the pinned version, or where the tool says so, any from `at_least` on."""
    if version is None:
        return False
    if tool.at_least:
        return version_key(version) >= version_key(tool.at_least)
    return version == tool.version


def version_key(version: str) -> tuple[int, ...]:
    """Numbers to compare by: "1.25.11" is after "1.25.9"; a pre-release counts as its release."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def read_version(pattern: str, output: str) -> str | None:
    """What the check command's output says, or None where it says nothing of the kind."""
    match = re.search(pattern, output)
    return match.group(1) if match else None


def go_argv(go: Path, build: GoPackage, target: Path) -> list[str]:
    """The build command. Read-only modules: a go.sum that does not fit stops it."""
    tags = ["-tags", ",".join(build.tags)] if build.tags else []
    flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", *tags, "-ldflags", build.ldflags]
    return [str(go), "build", *flags, "-o", str(target), build.package]


def go_environment(environment: Mapping[str, str], cache: Path) -> dict[str, str]:
    """The caller's environment with Go's caches under ours (unless set), no C and no toolchain switching.

    GOTOOLCHAIN is local because a Go that silently fetches another Go is neither pinned nor announced.
    """
    folders = {"GOPATH": str(cache / "go"), "GOCACHE": str(cache / "go" / "build")}
    fixed = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw", "GOWORK": "off"}
    return {**folders, **environment, **fixed}
