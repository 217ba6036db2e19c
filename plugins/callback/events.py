"""Ansible callback: what happens in a run, as versioned JSON lines in the file that $BOKA_EVENTS names.

`ops/events.py` reads them. A run never fails because of this plugin: when the file cannot be written, it falls silent.
"""

import json
import os
import time
from pathlib import Path
from typing import Any, TypeAlias

from ansible.plugins.callback import CallbackBase

Theirs: TypeAlias = Any  # Ansible's own objects: their attributes are typed as unknown

DOCUMENTATION = """
name: events
type: aggregate
short_description: Write what happens as JSON lines
description:
  - Writes one JSON object a line to the file named in the environment variable BOKA_EVENTS.
  - Results of tasks that carry secrets (C(no_log)) are reported without their message.
"""
VERSION = 1
MESSAGE_LIMIT = 2000  # characters: enough for the end of a daemon's complaint, small enough for a terminal
HIDDEN = "the message is hidden, since the task carries secrets (no_log)"


class CallbackModule(CallbackBase):
    """Turns Ansible's calls into lines."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        path = os.environ.get("BOKA_EVENTS")
        self._path = Path(path) if path else None

    def v2_playbook_on_play_start(self, play: Theirs) -> None:
        """Tell that a play starts."""
        self._write("play", name=play.get_name())

    def v2_playbook_on_task_start(self, task: Theirs, is_conditional: bool) -> None:  # noqa: ARG002, FBT001  # Ansible's call
        """Tell that a task starts on its first host."""
        self._write("task", name=task.get_name(), handler=False)

    def v2_playbook_on_handler_task_start(self, task: Theirs) -> None:
        """Tell that a handler starts on its first host."""
        self._write("task", name=task.get_name(), handler=True)

    def v2_runner_on_start(self, host: Theirs, task: Theirs) -> None:  # noqa: ARG002  # Ansible's call
        """Tell that a host starts the task."""
        self._write("start", host=host.get_name())

    def v2_runner_on_ok(self, result: Theirs) -> None:
        """Tell that a host is through with the task."""
        self._host(result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_on_skipped(self, result: Theirs) -> None:
        """Tell that a host had nothing to do."""
        self._host(result, "skipped")

    def v2_runner_on_failed(self, result: Theirs, ignore_errors: bool = False) -> None:  # noqa: FBT001, FBT002  # Ansible's call
        """Tell that the task failed on a host."""
        self._host(result, "ignored" if ignore_errors else "failed", message=message_of(result.task, result.result))

    def v2_runner_on_unreachable(self, result: Theirs) -> None:
        """Tell that a host did not answer."""
        self._host(result, "unreachable", message=message_of(result.task, result.result))

    def v2_runner_retry(self, result: Theirs) -> None:
        """Tell that a host tries once more."""
        self._host(result, "retry", message=f"attempt {result.result.get('attempts')}")

    def v2_playbook_on_stats(self, stats: Theirs) -> None:
        """Tell the counts of each host."""
        self._write("stats", hosts={host: stats.summarize(host) for host in sorted(stats.processed)})

    def _host(self, result: Theirs, outcome: str, *, message: str = "") -> None:
        self._write("host", host=result.host.get_name(), task=result.task.get_name(), outcome=outcome, message=message)

    def _write(self, event: str, **facts: object) -> None:
        if self._path is None:
            return
        line = json.dumps({"v": VERSION, "at": round(time.time(), 3), "event": event, **facts}, default=str)
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
        except OSError as err:
            self._path = None
            self._display.warning(f"events are no longer written: {err}")


def message_of(task: Theirs, result: dict[str, Any]) -> str:
    """Return why a task failed, shortened to its end, or that this is hidden."""
    if task.no_log or result.get("censored"):
        return HIDDEN
    items: list[dict[str, Any]] = result.get("results", [])
    source = next((item for item in items if item.get("failed")), result)
    if source.get("censored"):
        return HIDDEN
    texts = [str(source[key]).strip() for key in ("msg", "reason", "stderr") if source.get(key)]
    # A task that failed by its own condition says nothing itself: what it saw has to speak.
    seen = [f"{key}: {source[key]}".strip() for key in ("rc", "status", "stdout") if source.get(key)]
    return "\n".join(dict.fromkeys(texts or seen))[-MESSAGE_LIMIT:]
