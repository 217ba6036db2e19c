"""The real `pulumi` on the real program, with doubles in the place of the providers and all else in one folder."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tools

REPOSITORY = Path(__file__).parents[3]
DOUBLES = Path(__file__).parent / "doubles"
LIMIT_S = 120


@dataclass(frozen=True, kw_only=True)
class Done:
    """One run of `pulumi`: how it ended, what it said, which operations it did or would do on which resources."""

    code: int
    text: str
    took_s: float
    steps: dict[str, list[str]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """How many resources, by operation; those that stay as they are left out."""
        return {operation: len(urns) for operation, urns in self.steps.items() if operation != "same"}


class Engine:
    """One folder: the project, its settings, Pulumi's state, the doubles' cloud, the stacks' home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cloud = folder / "cloud"

    @classmethod
    def new(cls, folder: Path) -> "Engine":
        """A project of this checkout's program and settings, and nothing made yet."""
        for name in ("state", "cloud", "home"):
            (folder / name).mkdir(parents=True)
        project = folder / "project"
        project.mkdir()
        for name in ("Pulumi.yaml", "Pulumi.production.yaml"):
            shutil.copy(REPOSITORY / name, project / name)
        (project / "infra").symlink_to(REPOSITORY / "infra")
        engine = cls(folder)
        for stack in ("production-base", "production"):
            engine.pulumi("stack", "init", stack, "--secrets-provider", "passphrase")
        return engine

    def copy(self, folder: Path) -> "Engine":
        """The same world once more, for a test that changes it."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, symlinks=True)
        return Engine(folder)

    @property
    def settings(self) -> Path:
        """The settings file of both layers."""
        return self.folder / "project" / "Pulumi.production.yaml"

    def run(self, verb: str, stack: str = "production", *options: str) -> Done:
        """One of preview, up, refresh, destroy on a layer, and what it did."""
        agreed = () if verb == "preview" else ("--yes", "--skip-preview")
        log = self.folder / "events.json"
        log.unlink(missing_ok=True)
        words = (*agreed, "--stack", stack, "--config-file", str(self.settings), "--event-log", str(log), *options)
        done = self.pulumi(verb, "--color", "never", "--non-interactive", "--suppress-outputs", *words)
        return Done(code=done.code, text=done.text, took_s=done.took_s, steps=_steps(log))

    def pulumi(self, *words: str) -> Done:
        """Run the real command."""
        started = time.monotonic()
        done = subprocess.run(
            ["pulumi", *words],
            cwd=self.folder / "project",
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        return Done(code=done.returncode, text=done.stdout + done.stderr, took_s=time.monotonic() - started)

    def made(self, kind: str) -> dict[str, dict[str, Any]]:
        """What there is of a type in the doubles' cloud, by id."""
        return {path.stem: json.loads(path.read_text()) for path in (self.cloud / kind).glob("*.json")}

    def ids(self, kind: str) -> dict[str, str]:
        """The same, id by the name in its tags."""
        return {found["tags"]["Name"]: id_ for id_, found in self.made(kind).items()}

    def fail(self, *lines: str) -> None:
        """Have the doubles refuse to create these, each `Type name`."""
        (self.cloud / "fails").write_text("\n".join(lines))

    def _environment(self) -> dict[str, str]:
        folders = [str(DOUBLES), str(tools.ensure("pulumi")), str(Path(sys.executable).parent), os.environ["PATH"]]
        ours = {
            "PATH": os.pathsep.join(folders),
            "PULUMI_HOME": str(self.folder / "pulumi-home"),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DEBUG_COMMANDS": "true",  # without it, the command has no event log
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "BOKA_HOME": str(self.folder / "home"),
            "BOKA_DOUBLE_CLOUD": str(self.cloud),
            "CLOUDFLARE_API_TOKEN": "a-token-for-a-double",
        }
        return {**os.environ, **ours}


def _steps(log: Path) -> dict[str, list[str]]:
    """Operations on what a provider makes, by the engine's own event log."""
    found: dict[str, list[str]] = {}
    for line in log.read_text().splitlines() if log.exists() else []:
        event = json.loads(line)
        metadata = (event.get("resourcePreEvent") or {}).get("metadata")
        if metadata and "/" in metadata["type"]:
            found.setdefault(metadata["op"], []).append(metadata["urn"])
    return found
