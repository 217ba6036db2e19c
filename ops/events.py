"""What a playbook run reports, line by line, and what it adds up to. Pure: lines in, values out.

`plugins/callback/events.py` writes the lines. Lines that nobody here knows are passed over, so that an older reader
survives a newer writer of the same version.
"""

import json
from dataclasses import dataclass, field
from typing import Any

VERSION = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """One task that failed on one host, or a host that did not answer at it."""

    host: str
    task: str
    message: str
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class HostCounts:
    """How many tasks ended how on one host."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0


@dataclass
class Recap:
    """A run so far: where it is, who is still busy, and at the end the counts of each host."""

    play: str = ""
    task: str = ""
    busy: list[str] = field(default_factory=list[str])
    outcomes: dict[str, str] = field(default_factory=dict[str, str])
    failures: list[Failure] = field(default_factory=list[Failure])
    restarts: list[str] = field(default_factory=list[str])
    hosts: dict[str, HostCounts] = field(default_factory=dict[str, HostCounts])
    is_handler: bool = False

    def add(self, line: str) -> list[str]:
        """Take one line in and return the sentences that a watcher should see now."""
        event = _parse(line)
        handler = _HANDLERS.get(event.get("event", ""))
        return handler(self, event) if handler else []

    def final_failures(self) -> list[Failure]:
        """Return the failures that no rescue made good, by the counts at the end."""
        lost = {host for host, counts in self.hosts.items() if counts.failed or counts.unreachable}
        return [failure for failure in self.failures if failure.host in lost or not self.hosts]

    def doing(self) -> str:
        """Return the current task and who is still busy with it."""
        waiting = f" on {', '.join(self.busy)}" if self.busy else ""
        return f"{self.task}{waiting}" if self.task else self.play

    def task_sentence(self) -> str:
        """Return how the current task ended on its hosts; empty when it found everything as it should be."""
        counts = {
            outcome: sum(1 for seen in self.outcomes.values() if seen == outcome)
            for outcome in ("ok", "changed", "failed", "unreachable", "ignored")
        }
        if not any(count for outcome, count in counts.items() if outcome != "ok"):
            return ""
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
        return f"{self.task}: {told}"


def _parse(line: str) -> dict[str, Any]:
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:  # the writer was killed in the middle of it
        return {}
    return event if event.get("v") == VERSION else {}


def _play(recap: Recap, event: dict[str, Any]) -> list[str]:
    ended = _close_task(recap)
    recap.play, recap.task = event["name"], ""
    return [*ended, f"{recap.play}"]


def _task(recap: Recap, event: dict[str, Any]) -> list[str]:
    ended = _close_task(recap)
    recap.task, recap.is_handler = event["name"], event["handler"]
    return ended


def _start(recap: Recap, event: dict[str, Any]) -> list[str]:
    recap.busy.append(event["host"])
    return []


def _host(recap: Recap, event: dict[str, Any]) -> list[str]:
    host, outcome = event["host"], event["outcome"]
    if outcome == "retry":
        return []
    if host in recap.busy:
        recap.busy.remove(host)
    recap.outcomes[host] = outcome
    if outcome == "changed" and recap.is_handler:
        recap.restarts.append(f"{host}: {recap.task}")
    if outcome not in {"failed", "unreachable"}:
        return []
    failure = Failure(host, event["task"], event["message"], unreachable=outcome == "unreachable")
    recap.failures.append(failure)
    return [describe_failure(failure)]


def _stats(recap: Recap, event: dict[str, Any]) -> list[str]:
    ended = _close_task(recap)
    recap.hosts = {
        host: HostCounts(counts["ok"], counts["changed"], counts["failures"], counts["unreachable"])
        for host, counts in event["hosts"].items()
    }
    return ended


def describe_failure(failure: Failure) -> str:
    """Return the house's sentence for a failed task."""
    verb = "did not answer at" if failure.unreachable else "failed at"
    return f'{failure.host} {verb} "{failure.task}": {failure.message}'


def _close_task(recap: Recap) -> list[str]:
    sentence = recap.task_sentence()
    recap.task = ""
    recap.busy.clear()
    recap.outcomes.clear()
    return [sentence] if sentence else []


_HANDLERS = {"play": _play, "task": _task, "start": _start, "host": _host, "stats": _stats}
