"""Role tests on real hosts: `python tests/roles/run.py [ROLE...]`. One stack for all roles, removed at the end.

Roles run in the site's order, each through its Molecule scenario: check mode, converge, a second run, the tests.
With names only these are tested; what they need is only converged before them.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from ops import plays, stacks

# Every scenario in the site's order, with what must work before it does.
NEEDS: dict[str, tuple[str, ...]] = {
    "base": (),
    "node_exporter": ("base",),
    "host_certificate": ("base", "node_exporter"),
    "world": ("host_certificate",),
    "postgresql": ("host_certificate",),
    "backup": ("postgresql", "node_exporter", "world"),
    "valkey": ("host_certificate",),
    "letsencrypt": ("world",),
    "booking": ("postgresql", "valkey", "world"),
    "nginx": ("letsencrypt", "booking"),
    "keepalived": ("nginx",),
    "prometheus": ("node_exporter", "booking"),
    "alertmanager": ("prometheus",),
    "bare": (),
}
# This one has hosts of its own, without any role's packages; molecule/default/create.yml knows the usual ones.
BARE = "bare"
BARE_HOSTS = {"BOKA_LAB_HOSTS": "edge app db --bare"}
TAIL_LINES = 60


class HostsNotMade(Exception):
    """The hosts that roles are tested on did not come up; its text says why."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One scenario: tested, or only converged because a later one needs it."""

    scenario: str
    is_tested: bool

    @property
    def argv(self) -> list[str]:
        """Molecule's command line; hosts are made and removed around the steps, not by them."""
        words = ["test", "--destroy=never"] if self.is_tested else ["converge"]
        return ["molecule", *words, "--scenario-name", self.scenario, "--no-command-borders"]


@dataclass(frozen=True, kw_only=True)
class Lab:
    """The hosts of one run: the environment in which Molecule finds them, and where it says what it did."""

    environment: dict[str, str]
    logs: Path

    def run(self, name: str, argv: Sequence[str]) -> bool:
        """Run a command to its end, its words into <name>.log; tell whether it went well."""
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                argv, cwd=stacks.CHECKOUT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                return process.wait() == 0
            finally:
                _end(process)


def steps_for(wanted: Sequence[str]) -> list[Step]:
    """Return what to run for these roles, all if there are none, in the site's order."""
    tested = set(wanted) or set(NEEDS)
    needed = set(tested)
    for scenario in reversed(NEEDS):
        if scenario in needed:
            needed.update(NEEDS[scenario])
    return [Step(scenario=one, is_tested=one in tested) for one in NEEDS if one in needed]


def run_steps(steps: Sequence[Step], run: Callable[[Step], bool]) -> dict[str, str]:
    """Run one after the other and return how each ended: `passed`, `prepared`, `failed`, or what it lacked."""
    outcomes: dict[str, str] = {}
    for step in steps:
        lacking = [one for one in NEEDS[step.scenario] if outcomes[one] not in {"passed", "prepared"}]
        started = time.monotonic()
        if lacking:
            outcomes[step.scenario] = f"not tried, since {lacking[0]} does not work"
        elif run(step):
            outcomes[step.scenario] = "passed" if step.is_tested else "prepared"
        else:
            outcomes[step.scenario] = "failed"
        _say(f"{step.scenario:<18}{time.monotonic() - started:6.1f} s  {outcomes[step.scenario]}")
    return outcomes


def summary(outcomes: dict[str, str]) -> str:
    """Return the run's last line."""
    counted = [outcome for outcome in outcomes.values() if outcome != "prepared"]
    return f"roles: {counted.count('passed')} passed, {len(counted) - counted.count('passed')} failed"


@contextmanager
def lab(hosts: Mapping[str, str], logs: Path) -> Generator[Lab]:
    """Make the hosts of a throwaway stack, and remove them whatever happens.

    Raises:
        HostsNotMade: at least one does not run.
    """
    stack = stacks.named(stacks.throwaway_name())
    with tempfile.TemporaryDirectory(prefix=f"boka-roles-{stack.name}-") as scratch:
        # Not shared with any other run: here Molecule remembers that the hosts exist.
        ours = {"MOLECULE_EPHEMERAL_DIRECTORY": scratch, "ANSIBLE_LOCAL_TEMP": scratch, **hosts}
        made = Lab(environment={**os.environ, **plays.environment(stack, os.environ), **ours}, logs=logs)
        started = time.monotonic()
        try:
            if not made.run(f"create-{stack.name}", _on_all_hosts("create")):
                raise HostsNotMade(_failure(f"stack {stack.name} was not made", logs / f"create-{stack.name}.log"))
            _say(f"hosts of {stack.name:<9}{time.monotonic() - started:6.1f} s  made")
            yield made
        finally:
            with _deaf():
                if not made.run(f"destroy-{stack.name}", _on_all_hosts("destroy")):
                    _say(_failure(f"stack {stack.name} was not removed", logs / f"destroy-{stack.name}.log"))


def run_in_lab(steps: Sequence[Step], hosts: Mapping[str, str], logs: Path) -> dict[str, str]:
    """Run the steps on hosts of their own; show the end of what a failing one said."""
    if not steps:
        return {}
    try:
        with lab(hosts, logs) as made:

            def run(step: Step) -> bool:
                passed = made.run(step.scenario, step.argv)
                if not passed:
                    _say(_failure(f"{step.scenario} failed", logs / f"{step.scenario}.log"))
                return passed

            return run_steps(steps, run)
    except HostsNotMade as err:
        _say(str(err))
        return {step.scenario: "not tried, since there are no hosts" for step in steps}


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="tests/roles/run.py", description=__doc__)
    parser.add_argument("roles", nargs="*", choices=[*NEEDS, []], metavar="ROLE", help=f"of {', '.join(NEEDS)}")
    steps = steps_for(parser.parse_args().roles)
    signal.signal(signal.SIGTERM, _stop)
    logs = Path(tempfile.mkdtemp(prefix="boka-role-tests-"))
    has_passed = False
    try:
        outcomes = run_in_lab([step for step in steps if step.scenario != BARE], {}, logs)
        outcomes |= run_in_lab([step for step in steps if step.scenario == BARE], BARE_HOSTS, logs)
        has_passed = set(outcomes.values()) <= {"passed", "prepared"}
    finally:
        if has_passed:
            shutil.rmtree(logs)
        else:
            _say(f"what each said: {logs}")
    _say(summary(outcomes))
    return 0 if has_passed else 1


def _on_all_hosts(verb: str) -> list[str]:
    return ["molecule", verb, "--scenario-name", "default", "--no-command-borders"]


@contextmanager
def _deaf() -> Generator[None]:
    """Hear no signal meanwhile: an impatient second Ctrl-C would leave half of the hosts."""
    heard = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)


def _failure(what: str, log: Path) -> str:
    tail = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join([f"{what}; it ended with:", *tail])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let an interrupted Molecule end its own children, then make it."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command's own report


if __name__ == "__main__":
    sys.exit(main())
