"""What can go wrong between "I need this tool" and having it.

ToolError
|- UnknownTool       no folder of that name under tools/
|- CacheNotWritable  the cache is not ours to write
|- ChecksumMismatch  a download is not the file that was pinned; nothing else is tried
|- ToolUnavailable   every route was tried
`- RouteClosed       this route does not work here; the next one is tried
   `- CommandFailed  a command of the route ended with an error
"""

from collections.abc import Iterable
from pathlib import Path


class ToolError(Exception):
    """A tool cannot be had; the text says which and what helps."""


class UnknownTool(ToolError):
    """No recipe of this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"no tool is named {name!r}. Known: {', '.join(sorted(known))}.")


class CacheNotWritable(ToolError):
    """The cache folder cannot be written by this user."""

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        super().__init__(f"cannot write {folder}: {reason}. Run as root, or set BOKA_CACHE to a folder of yours.")


class ChecksumMismatch(ToolError):
    """A download differs from what was pinned. Nothing was installed."""

    def __init__(self, name: str, url: str, *, pinned: str, seen: str) -> None:
        self.name, self.url, self.pinned, self.seen = name, url, pinned, seen
        super().__init__(
            f"{name}: {url} has sha256 {seen}; tools/{name}/tool.toml pins {pinned}. Nothing was installed. "
            f"If upstream replaced the file, find out why before changing the pin."
        )


class RouteClosed(ToolError):
    """One way to get a tool does not work on this machine."""


class CommandFailed(RouteClosed):
    """A command of a route ended with an error; keeps the end of what it said."""

    def __init__(self, argv: list[str], code: int, tail: str) -> None:
        self.argv, self.code, self.tail = argv, code, tail
        super().__init__(f"`{' '.join(argv)}` ended with {code}: {tail or 'it said nothing'}")


class ToolUnavailable(ToolError):
    """Every way to get a tool was tried."""

    def __init__(self, name: str, wanted: str, attempts: list[str]) -> None:
        self.name, self.wanted, self.attempts = name, wanted, attempts
        tried = "; ".join(f"({number}) {attempt.rstrip('.')}" for number, attempt in enumerate(attempts, start=1))
        super().__init__(
            f"{name} {wanted} is missing. Tried: {tried}. "
            f"Put {name} {wanted} on PATH or open one of these routes, then run: python -m tools ensure {name}"
        )
