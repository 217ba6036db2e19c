"""`python -m tools`: get tools, or say where they are. stdout carries the answer, stderr the progress."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tools.errors import ToolError, UnknownTool
from tools.workshop import ToolStatus, Workshop

# The exit codes of the whole project: 0 done, 2 usage, 3 failed.
_USAGE, _FAILED = 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    workshop = Workshop()
    try:
        if chosen.command == "status":
            _print_status(workshop.status(), as_json=chosen.json)
        else:
            _print_folders(workshop.ensure_all(chosen.names or workshop.names()), as_json=chosen.json)
    except ToolError as err:
        sys.stderr.write(f"tools: {err}\n")
        return _USAGE if isinstance(err, UnknownTool) else _FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    ensure = commands.add_parser("ensure", help="get what is missing and print where it is; without names: all")
    ensure.add_argument("names", nargs="*", metavar="NAME")
    status = commands.add_parser("status", help="say where each tool is; installs nothing")
    for command in (ensure, status):
        command.add_argument("--json", action="store_true")
    return parser


def _stop(_signal: int, _frame: object) -> NoReturn:
    """End as Ctrl-C does: the build is stopped and its folder removed."""
    raise KeyboardInterrupt


def _print_folders(folders: dict[str, Path], *, as_json: bool) -> None:
    if as_json:
        _print(json.dumps({name: str(folder) for name, folder in folders.items()}))
        return
    for name, folder in folders.items():
        _print(f"{name}\t{folder}")


def _print_status(tools: list[ToolStatus], *, as_json: bool) -> None:
    if as_json:
        _print(json.dumps([_as_json(tool) for tool in tools]))
        return
    for tool in tools:
        _print(f"{tool.name:<10} {tool.wanted:<18} {_where(tool)}")


def _where(tool: ToolStatus) -> str:
    if tool.bin:
        return f"{tool.route}: {tool.bin}"
    build = f", a build takes up to {tool.build_takes_s} s" if tool.build_takes_s else ""
    return f"missing, would come by {' or '.join(tool.would_try)}{build}"


def _as_json(tool: ToolStatus) -> dict[str, object]:
    return {
        "name": tool.name,
        "summary": tool.summary,
        "wanted": tool.wanted,
        "bin": str(tool.bin) if tool.bin else None,
        "route": tool.route,
        "would_try": list(tool.would_try),
        "build_takes_s": tool.build_takes_s,
    }


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
