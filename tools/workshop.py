"""Gets tools and says where they are. The edge: `resolve` decides, this carries it out.

A tool is made in a folder of its own and appears in the cache by one rename, so what is there is whole.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools import build, catalog, fetch, machine, resolve
from tools.catalog import Build, Release, Tool, Wheel
from tools.errors import CacheNotWritable, RouteClosed, ToolError, ToolUnavailable, UnknownTool
from tools.lock import held
from tools.resolve import Found, Ready, Recipe, Route
from tools.run import Report, runner, to_stderr

DEFAULT_CACHE = Path("/var/cache/boka")


@dataclass(frozen=True, kw_only=True)
class ToolStatus:
    """Where a tool is, or by which routes it would come. `bin` is None while it is missing."""

    name: str
    summary: str
    wanted: str
    bin: Path | None
    route: Route | None
    would_try: tuple[Route, ...]
    build_takes_s: int | None


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The tools of one catalog, in one cache. The defaults are the project's; tests bring their own."""

    tools: Mapping[str, Tool] = field(default_factory=catalog.load)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    report: Report = to_stderr

    @property
    def cache(self) -> Path:
        """$BOKA_CACHE, or the machine's."""
        return Path(self.environment.get("BOKA_CACHE") or DEFAULT_CACHE)

    def ensure(self, name: str) -> Path:
        """Return the folder that holds the tool's programs; get the tool first if it is missing.

        Raises:
            ToolUnavailable: every route was tried. Nothing half-made is left.
            ChecksumMismatch: a download is not what was pinned.
            CacheNotWritable, UnknownTool: before anything was tried.
        """
        tool = self._tool(name)
        choice = self._choose(tool)
        return choice.folder if isinstance(choice, Ready) else self._get(tool)

    def ensure_all(self, names: Iterable[str]) -> dict[str, Path]:
        """`ensure` each, one after the other: a build takes all cores by itself."""
        return {name: self.ensure(name) for name in names}

    def status(self) -> list[ToolStatus]:
        """Where every tool is. Changes nothing."""
        return [self._status(tool) for tool in self.tools.values()]

    def names(self) -> list[str]:
        """The tools that Boka itself runs; those that only serve a build come when one needs them."""
        return [tool.name for tool in self.tools.values() if not tool.on_demand]

    def _tool(self, name: str) -> Tool:
        if name not in self.tools:
            raise UnknownTool(name, self.tools)
        return self.tools[name]

    def _find(self, tool: Tool) -> Found:
        return machine.find(tool, self.cache, self.environment)

    def _choose(self, tool: Tool) -> Ready | tuple[Recipe, ...]:
        return resolve.choose(tool, self._find(tool))

    def _status(self, tool: Tool) -> ToolStatus:
        choice = self._choose(tool)
        ready, recipes = (choice, ()) if isinstance(choice, Ready) else (None, choice)
        return ToolStatus(
            name=tool.name,
            summary=tool.summary,
            wanted=tool.wanted,
            bin=ready.folder if ready else None,
            route=ready.route if ready else None,
            would_try=tuple(resolve.route_of(recipe) for recipe in recipes),
            build_takes_s=tool.build.takes_s if tool.build else None,
        )

    def _get(self, tool: Tool) -> Path:
        """Under the tool's lock: look again (somebody may have finished), clear what a killed run left, make it."""
        home = self.cache / "tools" / tool.name
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise CacheNotWritable(home, err.strerror or str(err)) from err
        if not os.access(home, os.W_OK):
            raise CacheNotWritable(home, "it belongs to another user")
        with held(home / ".lock", lambda text: self._say(tool, text)):
            for leftover in home.glob(".new-*"):
                shutil.rmtree(leftover)
            found = self._find(tool)
            choice = resolve.choose(tool, found)
            if isinstance(choice, Ready):
                return choice.folder
            return self._make(tool, choice, home, attempts=[resolve.tell_path(tool, found)])

    def _make(self, tool: Tool, recipes: tuple[Recipe, ...], home: Path, *, attempts: list[str]) -> Path:
        """Try each recipe; `attempts` says what was tried before, for the message when none works."""
        for recipe in recipes:
            try:
                return self._by(recipe, tool, home)
            except RouteClosed as err:
                attempts.append(f"{resolve.route_of(recipe)}: {err}")
                self._say(tool, f"{resolve.route_of(recipe)} does not work here: {err}")
        raise ToolUnavailable(tool.name, tool.wanted, attempts)

    def _by(self, recipe: Recipe, tool: Tool, home: Path) -> Path:
        began = time.monotonic()
        self._say(tool, _announce(recipe))
        staging = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
        try:
            (staging / "bin").mkdir()
            self._carry_out(recipe, tool, staging)
            self._prove(tool, staging / "bin")
            return self._put_in_place(tool, resolve.route_of(recipe), staging, took_s=time.monotonic() - began)
        finally:
            shutil.rmtree(staging, ignore_errors=True)  # gone already when it was put in place

    def _carry_out(self, recipe: Recipe, tool: Tool, staging: Path) -> None:
        run = runner(staging / "log", lambda text: self._say(tool, text))
        match recipe:
            case Release():
                fetch.from_release(tool, recipe, staging)
            case Wheel():
                fetch.from_wheel(recipe, staging, run)
            case Build():
                environment = resolve.go_environment(self.environment, self.cache)
                forge = build.Forge(go=self._go(), environment=environment, runner=run)
                build.from_modules(tool, recipe, staging, forge)

    def _go(self) -> Path:
        """The Go to build with. That none can be had closes the build route, with the reason."""
        try:
            return self.ensure("go") / "go"
        except ToolError as err:
            raise RouteClosed(str(err)) from err

    def _prove(self, tool: Tool, folder: Path) -> None:
        if not machine.holds_all(folder, tool.files):
            raise RouteClosed(f"it gave {sorted(path.name for path in folder.iterdir())}, not {list(tool.files)}.")
        version = machine.ask_version(tool, folder, self.environment)
        if not resolve.is_right(tool, version):
            raise RouteClosed(f"`{' '.join(tool.check.command)}` says version {version}, not {tool.wanted}.")

    def _put_in_place(self, tool: Tool, route: Route, staging: Path, *, took_s: float) -> Path:
        origin = {"tool": tool.name, "version": tool.version, "route": route, "took_s": round(took_s, 1)}
        (staging / "origin.json").write_text(json.dumps(origin) + "\n")
        staging.chmod(0o755)
        slot = staging.parent / tool.slot
        if slot.exists():  # incomplete, or it would have been found
            shutil.rmtree(slot)
        staging.rename(slot)
        self._say(tool, f"ready after {took_s:.0f} s in {slot / 'bin'}")
        return slot / "bin"

    def _say(self, tool: Tool, text: str) -> None:
        self.report(f"{tool.name} {tool.version}: {text}")


def _announce(recipe: Recipe) -> str:
    match recipe:
        case Release():
            return f"downloading {recipe.url}"
        case Wheel():
            return f"fetching {recipe.requirement} from the Python index"
        case Build():
            return f"building it from its Go modules, up to {recipe.takes_s} s on two cores, once per machine"


def ensure(name: str) -> Path:
    """`Workshop.ensure` with the project's tools: the folder that holds the programs of `name`."""
    return Workshop().ensure(name)


def ensure_all(names: Iterable[str]) -> dict[str, Path]:
    """`Workshop.ensure_all` with the project's tools."""
    return Workshop().ensure_all(names)


def status() -> list[ToolStatus]:
    """`Workshop.status` of the project's tools; installs nothing."""
    return Workshop().status()
