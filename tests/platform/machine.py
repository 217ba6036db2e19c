"""What a stack can leave on this machine, looked at from outside its own code."""

import subprocess
from pathlib import Path

from infra import paths


def _lines(*argv: str) -> list[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()


def traces(stack: str) -> dict[str, list[str]]:
    """Return everything on the machine that bears the stack's name: all lists are empty when it is gone."""
    return {
        "processes": [
            f"{process.name}: {command}"
            for process in Path("/proc").iterdir()
            if process.name.isdigit() and _serves(process, stack) and (command := _read(process / "cmdline"))
        ],
        "mounts": [line for line in Path("/proc/self/mounts").read_text().splitlines() if stack in line],
        "loops": [line for line in _lines("losetup", "--list", "--noheadings") if f"/{stack}/" in line],
        "interfaces": [line for line in _lines("ip", "-brief", "link") if stack in line],
        "addresses": [line for line in _lines("ip", "-brief", "address") if stack in line],
        "namespaces": [line for line in _lines("ip", "netns", "list") if stack in line],
        "cgroups": [str(at) for at in Path("/sys/fs/cgroup").glob(f"**/boka/{stack}")],
        "rules": [line for line in _lines("nft", "list", "ruleset") if stack in line],
        "state": [str(at) for at in (paths.stack_dir(stack), *paths.run_dir().glob(f"**/{stack}*")) if at.exists()],
    }


def _serves(process: Path, stack: str) -> bool:
    """Whether a process names the stack in its command line or in what it inherited."""
    return f"/{stack}/" in _read(process / "cmdline") or f"BOKA_STACK={stack} " in _read(process / "environ")


def _read(file: Path) -> str:
    try:
        return file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
