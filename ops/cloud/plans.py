"""Update plans that `boka preview --save-plan` keeps and `boka up --plan` holds to: where, and what they are bound to.

Pulumi writes one a layer and refuses, while it works, what a plan does not hold. That is too late: what came before is
made by then. So the plan of a second preview is held against the kept one before anything is changed.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from infra.files import make_private_folder, write_atomically
from ops import resources
from ops.errors import Refused, UsageError
from ops.stacks import CHECKOUT, Stack

LIFE = timedelta(hours=24)  # who agreed yesterday has not seen today's account
_BINDING = "binding.json"
_SPECIAL = "4dabf18193072939515e22adb298388d"  # Pulumi's mark of a value that is more than its JSON
_TOLD = 12


class PlanRefused(Refused):
    """The kept plan is not one of what is here now."""

    def __init__(self, stack: str, why: str) -> None:
        super().__init__(f"{why} Nothing was changed. Make a plan anew: boka preview --stack {stack} --save-plan")


@dataclass(frozen=True, kw_only=True)
class Binding:
    """What a plan holds for: when it was made (UTC), of which settings and commit."""

    made: str
    settings_sha256: str
    commit: str


def folder(stack: Stack) -> Path:
    """Where the plan of a stack is kept, for its owner only: a layer's file is named for the layer."""
    return stack.state / "plan"


def emptied(place: Path) -> Path:
    """Return the folder, private and with nothing in it."""
    shutil.rmtree(place, ignore_errors=True)
    return make_private_folder(place)


def file(place: Path, layer: str) -> Path:
    """Return the private file into which Pulumi may write a layer's plan; its secrets are sealed by the stack's key."""
    path = place / f"{layer}.json"
    path.touch(mode=0o600)
    return path


def begin(stack: Stack) -> Path:
    """Return the folder for a new plan, empty, if what is here can be planned with.

    Raises:
        PlanRefused: the checkout is not at a commit.
    """
    refuse_local(stack)
    _here(stack)
    return emptied(folder(stack))


def bind(stack: Stack) -> None:
    """Write down what the plan in the folder holds for; until then it is none."""
    made = Binding(made=datetime.now(UTC).isoformat(timespec="seconds"), **_here(stack))
    write_atomically(folder(stack) / _BINDING, json.dumps(asdict(made), indent=2).encode())


def require(stack: Stack) -> None:
    """Refuse when no plan is kept that holds for what is here now.

    Raises:
        PlanRefused: there is none, it is too old, or of other settings or another commit.
    """
    refuse_local(stack)
    path = folder(stack) / _BINDING
    if not path.exists():
        raise PlanRefused(stack.name, f"stack {stack.name} has no plan.")
    refuse_other(stack, Binding(**json.loads(path.read_text(encoding="utf-8"))), _here(stack), datetime.now(UTC))


def refuse_local(stack: Stack) -> None:
    """Refuse plans of a stack on this machine: nobody else is asked about it."""
    if stack.is_local:
        msg = f"stack {stack.name} is on this machine; plans are kept of staging and production. Use boka preview."
        raise UsageError(msg)


def refuse_other(stack: Stack, binding: Binding, here: Mapping[str, str], now: datetime) -> None:
    """Refuse a plan that does not hold for these settings, this commit and this time."""
    age = now - datetime.fromisoformat(binding.made)
    if age > LIFE:
        hours = f"{age / timedelta(hours=1):.0f} hours old; it may be {LIFE / timedelta(hours=1):.0f}"
        raise PlanRefused(stack.name, f"the plan of {binding.made} is {hours}.")
    if here["settings_sha256"] != binding.settings_sha256:
        raise PlanRefused(stack.name, f"{stack.settings.name} was changed after the plan of {binding.made}.")
    if here["commit"] != binding.commit:
        seen = f"the plan is of commit {binding.commit[:12]}, this checkout is at {here['commit'][:12]}"
        raise PlanRefused(stack.name, f"{seen}.")


def refuse_difference(stack: Stack, layer: str, now: Path) -> None:
    """Refuse to go on when a layer's plan of now is not the kept one."""
    planned = folder(stack) / f"{layer}.json"
    if not planned.exists():
        raise PlanRefused(stack.name, f"the plan leaves out {layer}, which was not there to be looked at.")
    differing = differences(_read(planned), _read(now))
    if differing:
        told = "\n".join(f"  {one}" for one in differing[:_TOLD])
        why = f"{len(differing)} resources of {layer} would become other than planned:\n{told}\n"
        raise PlanRefused(stack.name, why)


def differences(planned: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return where two plans of one layer differ: what would be done, and to which values.

    Secrets are sealed anew each time, so here they are all alike; Pulumi itself holds their values to the plan.
    """
    return [
        f"{resources.thing(urn)}: planned {_told(planned.get(urn))}, now {_told(now.get(urn))}"
        for urn in sorted({*planned, *now})
        if _deeds(planned.get(urn)) != _deeds(now.get(urn))
    ]


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found.get("resourcePlans") or {}


def _deeds(one: Mapping[str, Any] | None) -> object:
    """What is done to a resource: not the seed of its random name, nor what the provider said of it."""
    return _alike({key: value for key, value in one.items() if key in ("goal", "steps")}) if one else None


def _alike(value: object) -> object:
    if isinstance(value, dict):
        found = cast("dict[str, object]", value)
        sealed = _SPECIAL in found and "ciphertext" in found
        return "a secret" if sealed else {key: _alike(one) for key, one in found.items()}
    if isinstance(value, list):
        parts = [_alike(one) for one in cast("list[object]", value)]
        return sorted(parts, key=str) if all(str(one).startswith("urn:") for one in parts) else parts
    return value


def _told(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return "nothing"
    touched = sorted({str(key) for diff in _changes(one) for keys in diff.values() for key in keys})
    return ", ".join(one.get("steps") or ["nothing"]) + (f" ({', '.join(touched)})" if touched else "")


def _changes(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    goal: dict[str, Any] = one.get("goal") or {}
    return [goal.get(key) or {} for key in ("inputDiff", "outputDiff")]


def _here(stack: Stack) -> dict[str, str]:
    digest = hashlib.sha256(stack.settings.read_bytes()).hexdigest()
    return {"settings_sha256": digest, "commit": _commit(stack)}


def _commit(stack: Stack) -> str:
    """The commit of the checkout; nothing that it tracks may differ, or a plan would not be of that commit."""
    changed = _git("status", "--porcelain", "--untracked-files=no")
    if changed is None:
        raise PlanRefused(stack.name, "a plan is bound to a commit, and this checkout is no git repository.")
    if changed:
        paths = ", ".join(line.split(maxsplit=1)[-1] for line in changed.splitlines()[:_TOLD])
        raise PlanRefused(stack.name, f"a plan is bound to a commit, and these differ from it: {paths}. Commit them.")
    return (_git("rev-parse", "HEAD") or "").strip()


def _git(*words: str) -> str | None:
    done = subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
