"""What Pulumi's engine reports, as sentences. Pure, but for the two functions that it is given to speak with."""

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.automation.events import DiagnosticEvent, EngineEvent, PolicyEvent, ResourcePreEvent, ResOutputsEvent

_PAST = {
    "create": "created", "update": "updated", "delete": "removed", "replace": "replaced",
    "create-replacement": "made anew", "delete-replaced": "removed to be made anew", "import": "imported",
}  # fmt: skip
_PRESENT = {
    "create": "creating", "update": "updating", "delete": "removing", "replace": "replacing",
    "create-replacement": "making anew", "delete-replaced": "removing", "import": "importing",
    "refresh": "looking at", "read": "looking at",
}  # fmt: skip
# What a run that only looks says of a resource.
WOULD = {operation: f"would be {done}" for operation, done in _PAST.items()}
DRIFT = {"update": "is not as it was made", "delete": "is gone"}
_COLOUR = re.compile(r"<\{%[^%]*%\}>")
_TAIL_LINES = 15


class Watcher:
    """Collects what the engine says and tells what a user wants to see of it."""

    def __init__(
        self, say: Callable[[str], None], now: Callable[[str], None], would: Mapping[str, str] = WOULD
    ) -> None:
        self._say, self._now, self._would = say, now, would
        self._began: dict[str, float] = {}
        self.errors: list[str] = []
        self.changes: dict[str, int] = {}
        self.moving: dict[str, str] = {}

    def see(self, event: "EngineEvent") -> None:
        """Take in one event of the engine."""
        if event.resource_pre_event:
            self._begin(event.resource_pre_event)
        elif event.res_outputs_event:
            self._end(event.res_outputs_event)
        elif event.diagnostic_event:
            self._diagnose(event.diagnostic_event)
        elif event.policy_event:
            self._judge(event.policy_event)

    def _begin(self, event: "ResourcePreEvent") -> None:
        operation, urn = str(event.metadata.op.value), str(event.metadata.urn)
        self._began[urn] = time.monotonic()
        if operation in _PRESENT and not event.planning and not _is_bookkeeping(urn):
            self._now(f"{_PRESENT[operation]} {thing(urn)}")

    def _end(self, event: "ResOutputsEvent") -> None:
        operation, urn = str(event.metadata.op.value), str(event.metadata.urn)
        if _is_bookkeeping(urn) or operation not in {*_PAST, "same"}:
            return
        self.changes[operation] = self.changes.get(operation, 0) + 1
        if operation == "same":
            return
        self.moving[urn] = operation
        if event.planning:
            self._say(f"{thing(urn)} {self._would.get(operation, operation)}{_because(event.metadata.diffs)}")
            return
        took = time.monotonic() - self._began.get(urn, time.monotonic())
        self._say(f"{thing(urn)} {_PAST[operation]} in {took:.1f} s")

    def _diagnose(self, event: "DiagnosticEvent") -> None:
        text = _COLOUR.sub("", event.message).strip()
        if not text or event.severity == "debug":
            return
        if event.severity == "error":
            self.errors.append(f"{thing(event.urn)}: {text}" if event.urn else text)
        elif event.severity in {"info", "warning"} and not event.ephemeral:
            self._say(text)
        else:
            self._now(text)

    def _judge(self, event: "PolicyEvent") -> None:
        lines = [line.strip() for line in _COLOUR.sub("", event.message).splitlines() if line.strip()]
        text = f"policy {event.policy_name}: {' '.join(lines)}"
        if event.enforcement_level == "mandatory":
            self.errors.append(text)
        else:
            self._say(text)


def _is_bookkeeping(urn: str) -> bool:
    """Tell whether it is one of Pulumi's own (stack, provider) or a mere bracket around resources.

    Only what a provider makes has a type with a slash: `aws:ec2/instance:Instance`, `pulumi-python:dynamic/boka:Host`.
    """
    return "/" not in urn.split("::")[-2].rsplit("$", 1)[-1]


def thing(urn: str) -> str:
    """Return for example `host db1` for `urn:pulumi:local::boka::...$pulumi-python:dynamic/boka:Host::db1`."""
    *_, kind, name = urn.split("::")
    word = kind.rsplit("$", 1)[-1].rsplit(":", 1)[-1].rsplit("/", 1)[-1]
    return f"{word.lower()} {name}"


def explain(errors: list[str], output: str, log: Path) -> str:
    """Return why Pulumi stopped: what the resources said, else the end of what it wrote."""
    told = list(dict.fromkeys(shorten(error) for error in errors)) or output.strip().splitlines()[-_TAIL_LINES:]
    return "\n".join(["pulumi stopped before the stack was as described.", *told, f"Everything it said: {log}"])


def shorten(error: str) -> str:
    """Return an error without the Python traceback that the engine wraps around what a provider raised."""
    head, marker, trace = error.partition("Traceback (most recent call last)")
    if not marker:
        return error
    subject = head.split(":", 1)[0]
    last = [line for line in trace.splitlines() if line and not line.startswith((" ", "\t"))]
    return f"{subject}: {last[-1]}" if last else error


def _because(diffs: list[str] | None) -> str:
    return f" ({', '.join(diffs)})" if diffs else ""
