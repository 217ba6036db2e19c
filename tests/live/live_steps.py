"""What a live run does, step by step, and how what it made is taken away and proven gone."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from live_flow import Step, StepFailed
from live_guards import DESTROY_HOURS, ENVIRONMENT

HOUR_S = 3600
# AWS lists what was deleted for some minutes more.
_FORGOTTEN_WITHIN_S, _LOOK_EVERY_S = 1200, 30
_STACK = ("--stack", ENVIRONMENT)
_DOWN = ("down", *_STACK, "--yes")


class Place(Protocol):
    """Where `boka` runs."""

    def boka(self, *words: str, limit_s: float) -> Any:
        """Run a verb and return its result."""
        ...

    def keep_settings(self, settings: Path) -> None:
        """Write what `boka init` added back to the user's file."""
        ...


def steps_of(
    place: Place,
    settings: Path,
    visit: Callable[[float], str],
    say: Callable[[str], None],
    raising: tuple[str, ...] = (),
) -> list[Step]:
    """Return the steps in order. `raising` are more words for `boka up`."""

    def init(left: float) -> None:
        place.boka("init", ENVIRONMENT, "--yes", limit_s=left)
        place.keep_settings(settings)

    def drift(left: float) -> None:
        found = place.boka("drift", *_STACK, limit_s=left)
        if found["drifted"]:
            raise StepFailed(f"{found['drifted']} resources are not as they were made: {found['changes']}")

    def again(left: float) -> None:
        found = place.boka("up", *_STACK, *raising, limit_s=left)
        changed = {key: found[key] for key in ("resources_changed", "tasks_changed") if found.get(key)}
        if changed:
            raise StepFailed(f"the second boka up changed something: {changed}")

    return [
        Step(name="give the state a place", act=init),
        Step(name="look at the accounts", act=lambda left: place.boka("doctor", ENVIRONMENT, limit_s=left)),
        Step(name="raise the stack", act=lambda left: place.boka("up", *_STACK, *raising, limit_s=left)),
        Step(name="book an appointment", act=lambda left: say(f"booked {visit(left)}")),
        Step(name="look for drift", act=drift),
        Step(name="raise it again", act=again),
    ]


def take_down(
    place: Place,
    find: Callable[[], list[str]],
    say: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Remove the stack; return what is left of it, once AWS had time to forget what is gone."""
    failure = _done(place, say, *_DOWN)
    if failure:  # once more: something may have been in use still, or a run that was killed had the state
        _done(place, say, "unlock", ENVIRONMENT, "--yes")
        failure = _done(place, say, *_DOWN)
    deadline = clock() + (0 if failure else _FORGOTTEN_WITHIN_S)
    while (left := _found(find)) and clock() < deadline:
        say(f"{len(left)} things are still listed, the first {left[0]}")
        pause(_LOOK_EVERY_S)
    return [*([failure] if failure else []), *left]


def _found(find: Callable[[], list[str]]) -> list[str]:
    try:
        return find()
    except Exception as err:  # noqa: BLE001  # the edge: what nobody could look at is not gone
        return [f"what nobody could look for: {type(err).__name__}: {err}"]


def _done(place: Place, say: Callable[[str], None], *words: str) -> str:
    """Run a verb and return why it failed; nothing when it did not."""
    try:
        place.boka(*words, limit_s=DESTROY_HOURS * HOUR_S)
    except Exception as err:  # noqa: BLE001  # the edge: whatever it is, what is left must be told
        say(f"FAILED: boka {words[0]}: {err}")
        return f"boka {words[0]}: {err}"
    return ""
