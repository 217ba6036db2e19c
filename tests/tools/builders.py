"""Small tools that behave like the big ones: a Go of a few shell lines, and recipes that use it."""

from dataclasses import dataclass, field
from pathlib import Path

from tools.catalog import Build, Check, GoPackage, Release, Tool, Wheel
from tools.workshop import Workshop

ANSWERS_1_0_0 = 'printf \'#!/bin/sh\\necho v1.0.0\\n\' > "$target"; chmod +x "$target"'

_GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version go{version} linux/amd64"; exit 0; fi
while [ "$1" != -o ]; do shift; done
target=$2
echo built >> {count}
{build}
"""


def a_tool(
    folder: Path, *, build: Build | None = None, release: Release | None = None, at_least: str | None = None
) -> Tool:
    (folder / "build").mkdir(parents=True, exist_ok=True)
    return Tool(
        name="hammer",
        folder=folder,
        summary="drives nails",
        version="1.0.0",
        at_least=at_least,
        files=("hammer",),
        check=Check(command=("hammer",), pattern=r"v(\d+\.\d+\.\d+)"),
        build=build,
        release=release,
    )


def go_tool(folder: Path, *, wheel: Wheel | None = None) -> Tool:
    return Tool(
        name="go",
        folder=folder,
        summary="builds",
        version="1.26.6",
        at_least="1.25.11",
        files=("go",),
        check=Check(command=("go", "version"), pattern=r"go(\d+\.\d+(?:\.\d+)?)"),
        wheel=wheel,
    )


A_BUILD = Build(takes_s=1, go=(GoPackage(module="build", package="example.test/hammer", output="hammer"),))


@dataclass
class Bench:
    """A machine in a folder: a PATH, a cache, a catalog of two tools, and what was reported."""

    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder / "path"

    @property
    def home(self) -> Path:
        """Where the cache keeps the tool."""
        return self.folder / "cache" / "tools" / "hammer"

    @property
    def builds(self) -> int:
        count = self.folder / "count"
        return len(count.read_text().splitlines()) if count.exists() else 0

    def put_program(self, name: str, text: str) -> None:
        self.path.mkdir(exist_ok=True)
        (self.path / name).write_text(text)
        (self.path / name).chmod(0o755)

    def put_go(self, *, version: str = "1.26.6", build: str = ANSWERS_1_0_0) -> None:
        self.put_program("go", _GO.format(version=version, count=self.folder / "count", build=build))

    def workshop(self, tool: Tool | None = None) -> Workshop:
        tool = tool or a_tool(self.folder / "recipe", build=A_BUILD)
        environment = {"PATH": f"{self.path}:/usr/bin:/bin", "BOKA_CACHE": str(self.folder / "cache")}
        tools = {"go": go_tool(self.folder / "recipe"), "hammer": tool}
        return Workshop(tools=tools, environment=environment, report=self.said.append)
