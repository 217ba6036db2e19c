"""Which outside tools does Boka run on this machine, and where are they?

One folder per tool (`tools/pulumi/`, `tools/versitygw/`, ...) says which version and how to get it; `ensure` gets it.
Not here: packages of the system (`apt-packages.txt`, `bootstrap.sh`) and Python packages (`uv.lock`).
"""

from tools.errors import (
    CacheNotWritable,
    ChecksumMismatch,
    CommandFailed,
    RouteClosed,
    ToolError,
    ToolUnavailable,
    UnknownTool,
)
from tools.workshop import ToolStatus, Workshop, ensure, ensure_all, status

__all__ = [
    "CacheNotWritable",
    "ChecksumMismatch",
    "CommandFailed",
    "RouteClosed",
    "ToolError",
    "ToolStatus",
    "ToolUnavailable",
    "UnknownTool",
    "Workshop",
    "ensure",
    "ensure_all",
    "status",
]
