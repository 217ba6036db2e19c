"""How a tool is built from its pinned Go modules."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.catalog import Build, GoFile, GoPackage, Tool
from tools.resolve import go_argv
from tools.run import Runner


@dataclass(frozen=True, kw_only=True)
class Forge:
    """What a build needs besides its recipe: a Go that is new enough, and the environment it runs in."""

    go: Path
    environment: Mapping[str, str]
    runner: Runner


def from_modules(tool: Tool, recipe: Build, staging: Path, forge: Forge) -> None:
    """Build every package and take every script, into `staging`/bin.

    Raises:
        CommandFailed: Go says no: no network, a checksum that go.sum does not know, a compile error.
    """
    for package in recipe.go:
        _build(tool, package, staging / "bin", forge)
    for file in recipe.files:
        _take(tool, file, staging / "bin", forge)


def _build(tool: Tool, package: GoPackage, target: Path, forge: Forge) -> None:
    argv = go_argv(forge.go, package, target / package.output)
    forge.runner(argv, cwd=tool.folder / package.module, environment=forge.environment)


def _take(tool: Tool, file: GoFile, target: Path, forge: Forge) -> None:
    argv = [str(forge.go), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", file.of]
    said = forge.runner(argv, cwd=tool.folder / file.module, environment=forge.environment)
    folder = Path(said.splitlines()[-1])  # before it, Go may tell of downloads
    shutil.copyfile(folder / file.path, target / file.output)
    (target / file.output).chmod(0o755)
