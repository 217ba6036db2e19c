"""Which tools are pinned, and by what recipe: the typed form of `tools/*/tool.toml`."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

HERE = Path(__file__).parent


class _Declared(BaseModel):
    """Frozen, and a misspelt key is refused with its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Check(_Declared):
    """A command whose output names the version, in the first group of `pattern`."""

    command: tuple[str, ...] = Field(min_length=1)
    pattern: str
    environment: dict[str, str] = {}


class Release(_Declared):
    """The official archive (tar), named by its checksum."""

    url: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    folder: str = Field(default="", description="where in the archive the files lie")


class Wheel(_Declared):
    """A package of the Python index that carries the tool; `links` maps a file to its place in the package."""

    requirement: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    links: dict[str, str]


class GoPackage(_Declared):
    """One `go build`: a package of a module that `module`/go.mod and go.sum pin."""

    module: str
    package: str
    output: str
    tags: tuple[str, ...] = ()
    ldflags: str = "-w -s"


class GoFile(_Declared):
    """A script taken as it is out of a pinned module. Module archives carry no x bit; it is set here."""

    module: str
    of: str
    path: str
    output: str


class Build(_Declared):
    """From source. `takes_s`: seconds on two cores with empty caches, measured."""

    takes_s: int
    go: tuple[GoPackage, ...] = ()
    files: tuple[GoFile, ...] = ()


class Tool(_Declared):
    """One outside tool: what is wanted, and every way to get it."""

    name: str
    folder: Path
    summary: str
    version: str
    at_least: str | None = Field(default=None, description="accepts an older one from PATH down to this")
    revision: int = Field(default=1, description="raise when the recipe changes and the version does not")
    on_demand: bool = Field(default=False, description="only another tool's route needs it")
    files: tuple[str, ...] = Field(min_length=1)
    check: Check
    release: Release | None = None
    wheel: Wheel | None = None
    build: Build | None = None

    @property
    def slot(self) -> str:
        """Name of its folder in the cache: one per recipe."""
        return self.version if self.revision == 1 else f"{self.version}-{self.revision}"

    @property
    def wanted(self) -> str:
        """What counts as right, in words."""
        return f"{self.at_least} or newer" if self.at_least else self.version


def load(folder: Path = HERE) -> dict[str, Tool]:
    """Every tool that has a `tool.toml` under `folder`, by name."""
    return {path.parent.name: _read(path) for path in sorted(folder.glob("*/tool.toml"))}


def _read(path: Path) -> Tool:
    declared = tomllib.loads(path.read_text())
    return Tool.model_validate({**declared, "name": path.parent.name, "folder": path.parent})
