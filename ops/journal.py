"""The record of every run, of all stacks: who did what, when, how it ended. Outlives the stacks."""

import getpass
import json
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra import paths
from infra.files import make_private_folder, write_atomically
from ops.errors import DEFECT, INTERRUPTED, Refused, exit_code_of

VERSION = 1
_OUTCOMES = {Refused.exit_code: "refused", INTERRUPTED: "interrupted"}


class NoSuchRun(Refused):
    """The journal has no run of that number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"the journal has no run {number}. Look: boka journal")


@dataclass
class Run:
    """One run. `outcome` is running, done, failed, refused, interrupted; a dead one that says running was killed."""

    number: int
    verb: str
    stack: str
    who: str
    pid: int
    started: str
    ended: str = ""
    outcome: str = "running"
    exit_code: int | None = None
    summary: str = ""
    log: str = ""
    phases: dict[str, float] = field(default_factory=dict[str, float])
    hosts: dict[str, Any] = field(default_factory=dict[str, Any])
    version: int = VERSION

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        """Measure the block as a phase of this run, in seconds, also when it fails."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = round(self.phases.get(name, 0) + time.monotonic() - began, 1)

    @property
    def log_path(self) -> Path:
        """Everything that the tools said during this run."""
        return Path(self.log)

    @property
    def events_path(self) -> Path:
        """What Ansible reported during this run, as JSON lines."""
        return self.log_path.with_suffix(".events")


@contextmanager
def record(stack: str, verb: str) -> Generator[Run]:
    """Record the block as one run, whatever its end."""
    run = _begin(stack, verb)
    try:
        yield run
    except BaseException as err:
        code = exit_code_of(err)
        told = f"{type(err).__name__}: {err}" if code == DEFECT else str(err)
        _finish(run, _OUTCOMES.get(code, "failed"), code, told)
        raise
    _finish(run, run.outcome if run.outcome != "running" else "done", run.exit_code or 0, run.summary)


def runs() -> list[Run]:
    """Return all runs, the newest first."""
    return [read(int(path.stem)) for path in sorted(_folder().glob("[0-9]*.json"), reverse=True)]


def read(number: int) -> Run:
    """Return one run.

    Raises:
        NoSuchRun: there is none of that number.
    """
    path = _path(number)
    if not path.exists():
        raise NoSuchRun(number)
    content = json.loads(path.read_text(encoding="utf-8") or "{}")
    known = {key: value for key, value in content.items() if key in Run.__dataclass_fields__}
    run = Run(**known) if known else Run(number, "?", "?", "?", 0, "")
    if run.outcome == "running" and not Path(f"/proc/{run.pid}").exists():
        run.outcome = "killed"
    return run


def _begin(stack: str, verb: str) -> Run:
    number = _take_number()
    who = os.environ.get("SUDO_USER") or getpass.getuser()
    run = Run(number, verb, stack, who, os.getpid(), _now(), log=str(_path(number).with_suffix(".log")))
    _save(run)
    return run


def _finish(run: Run, outcome: str, exit_code: int, summary: str) -> None:
    run.outcome, run.exit_code, run.summary, run.ended = outcome, exit_code, summary, _now()
    _save(run)


def _take_number() -> int:
    """Return the next number; two runs at once get two, since making the file is the claim."""
    number = max((int(path.stem) for path in _folder().glob("[0-9]*.json")), default=0)
    while True:
        number += 1
        try:
            _path(number).touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            continue
        return number


def _save(run: Run) -> None:
    write_atomically(_path(run.number), json.dumps(asdict(run), indent=2).encode())


def _folder() -> Path:
    return make_private_folder(paths.home() / "journal")


def _path(number: int) -> Path:
    return _folder() / f"{number:06d}.json"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
