"""Runs a playbook on a stack, shows where it is, and says how it ended. Knows nothing about any single playbook."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from infra import paths
from ops.errors import BokaError, HostUnreachable, RunFailed
from ops.events import Failure, HostCounts, Recap, describe_failure
from ops.journal import Run
from ops.screen import Screen
from ops.stacks import CHECKOUT, Stack

_POLL_S = 0.2  # a watcher does not see less, and it costs nothing beside a playbook
_TAIL_LINES = 12
# A playbook whose boka was killed would go on, unseen and unlocked, beside that of the next run.
_DIES_WITH_US = ("setpriv", "--pdeathsig", "TERM", "--")


@dataclass(frozen=True, kw_only=True)
class Play:
    """What to run: `playbook` is a name in `playbooks/` without its suffix."""

    playbook: str
    variables: Mapping[str, object] | None = None
    limit: str = ""
    check: bool = False


@dataclass(frozen=True, kw_only=True)
class PlayResult:
    """How a playbook ended on each host. `restarts` names what its handlers did."""

    playbook: str
    hosts: dict[str, HostCounts]
    restarts: list[str]

    @property
    def changed(self) -> int:
        """Number of changed tasks over all hosts."""
        return sum(counts.changed for counts in self.hosts.values())


def run(play: Play, stack: Stack, record: Run, screen: Screen) -> PlayResult:
    """Run it to its end; the log and the events go to the journal's files.

    Raises:
        RunFailed: a task failed, or Ansible could not start.
        HostUnreachable: every failure was a host that did not answer.
    """
    recap, code = _perform(play, stack, record, screen)
    if code != 0:
        raise explain(play, recap.final_failures(), record.log_path)
    return _result(play, recap)


def look(play: Play, stack: Stack, record: Run, screen: Screen) -> tuple[PlayResult, list[Failure]]:
    """Run it in check mode as far as it goes; return what it would do, and where it could not look further.

    Raises:
        RunFailed: Ansible could not start.
    """
    recap, code = _perform(replace(play, check=True), stack, record, screen)
    failures = recap.final_failures()
    if code != 0 and not failures:
        raise explain(play, failures, record.log_path)
    return _result(play, recap), failures


def _result(play: Play, recap: Recap) -> PlayResult:
    return PlayResult(playbook=play.playbook, hosts=recap.hosts, restarts=recap.restarts)


def _perform(play: Play, stack: Stack, record: Run, screen: Screen) -> tuple[Recap, int]:
    recap = Recap()
    skip = record.events_path.stat().st_size if record.events_path.exists() else 0
    for path in (record.log_path, record.events_path):
        path.touch(mode=0o600)
    words, variables = argv(play, stack), environment(stack, os.environ)
    scratch = stack.state / "ansible"
    variables |= {"BOKA_EVENTS": str(record.events_path), "ANSIBLE_LOCAL_TEMP": str(scratch)}
    with record.log_path.open("ab") as log, record.events_path.open(encoding="utf-8") as events:
        events.seek(skip)
        process = subprocess.Popen(
            [*_DIES_WITH_US, *words], cwd=CHECKOUT, env=variables,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _watch(process, events, recap, screen)
        finally:
            _stop(process)
            shutil.rmtree(scratch, ignore_errors=True)  # Ansible's own, and that of a run that was killed
    record.hosts[play.playbook] = {host: asdict(counts) for host, counts in recap.hosts.items()}
    return recap, process.returncode


def argv(play: Play, stack: Stack) -> list[str]:
    """Return the command line; it carries no secret, since everybody on the machine can read it."""
    words = [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory", str(stack.inventory)]
    if play.variables:
        words += ["--extra-vars", json.dumps(dict(play.variables))]
    if play.limit:
        words += ["--limit", play.limit]
    if play.check:
        words += ["--check"]  # no --diff: the journal would keep the secrets in the files that differ
    return [*words, str(CHECKOUT / "playbooks" / f"{play.playbook}.yml")]


def environment(stack: Stack, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of ansible-playbook for this stack."""
    ours = {
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "ANSIBLE_CALLBACKS_ENABLED": "events,secrets",
        "ANSIBLE_NOCOLOR": "1",
        "BOKA_STACK": stack.name,
        "BOKA_HOME": str(paths.home()),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', os.defpath)}",
    }
    if stack.is_local:
        # 18 s instead of 87 s for 20 tasks on 8 hosts. Elsewhere the stock strategy: what the whole world tests.
        ours |= {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": str(mitogen_strategies())}
    return dict(inherited) | ours


def mitogen_strategies() -> Path:
    """Return the folder of mitogen's strategy plugins."""
    found = importlib.util.find_spec("ansible_mitogen")
    if found is None or found.origin is None:
        msg = "ansible_mitogen is not installed beside boka; local stacks are configured with it. Run uv sync."
        raise RunFailed(msg)
    return Path(found.origin).parent / "plugins" / "strategy"


def explain(play: Play, failures: list[Failure], log: Path) -> BokaError:
    """Return the error that says where the playbook failed and what to read."""
    where = f"Everything it said: {log}"
    if not failures:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        return RunFailed("\n".join([f"playbook {play.playbook} stopped before it ended:", *tail, where]))
    told = "\n".join(describe_failure(failure) for failure in failures)
    kind = HostUnreachable if all(failure.unreachable for failure in failures) else RunFailed
    return kind(f"playbook {play.playbook} failed.\n{told}\n{where}")


def _watch(process: subprocess.Popen[bytes], events: Iterator[str], recap: Recap, screen: Screen) -> None:
    ended = False
    while not ended:
        ended = _ended_within(process, _POLL_S)
        for line in events:
            for sentence in recap.add(line):
                screen.say(sentence)
        screen.now(recap.doing())


def _ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Let Ansible end its workers itself; kill it only when it does not."""
    if process.poll() is None:
        process.terminate()
        if not _ended_within(process, 10):
            process.kill()
            process.wait()
