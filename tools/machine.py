"""What does this machine already have? Looks, never changes."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.catalog import Tool
from tools.resolve import Found, read_version

# A version answer takes 0.1 s; a tool that needs this long is broken and counts as absent.
_CHECK_TIMEOUT_S = 20


def find(tool: Tool, cache: Path, environment: Mapping[str, str]) -> Found:
    """Look in the cache, then on PATH. PATH's copy is asked for its version only when the cache has none."""
    cached = cache / "tools" / tool.name / tool.slot / "bin"
    if holds_all(cached, tool.files):
        return Found(cached=cached)
    on_path = _folder_on_path(tool, environment)
    return Found(on_path=on_path, path_version=ask_version(tool, on_path, environment) if on_path else None)


def holds_all(folder: Path, files: tuple[str, ...]) -> bool:
    """Whether every file is there and may be executed."""
    return all(os.access(folder / name, os.X_OK) and (folder / name).is_file() for name in files)


def ask_version(tool: Tool, folder: Path, environment: Mapping[str, str]) -> str | None:
    """Run the copy in `folder`; None when it does not run or says nothing like a version."""
    program, *arguments = tool.check.command
    path = f"{folder}{os.pathsep}{environment.get('PATH', os.defpath)}"
    try:
        answer = subprocess.run(
            [str(folder / program), *arguments],
            env={**environment, **tool.check.environment, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_CHECK_TIMEOUT_S,
            text=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read_version(tool.check.pattern, answer.stdout)


def _folder_on_path(tool: Tool, environment: Mapping[str, str]) -> Path | None:
    """The folder of the first program, if the tool's other files lie beside it."""
    program = shutil.which(tool.files[0], path=environment.get("PATH", os.defpath))
    folder = Path(program).absolute().parent if program else None
    return folder if folder and holds_all(folder, tool.files) else None
