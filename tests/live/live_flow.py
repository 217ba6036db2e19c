"""In which order a live run goes, and that what it made is taken away however it ends.

What a step does is handed in: this file decides, and knows neither a cloud nor a clock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_HOUR_S = 3600


class StepFailed(Exception):
    """A step did not end as it must. Its text is what is told."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do. `act` gets the seconds that are left until the deadline."""

    name: str
    act: Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the run ended. `failure` is empty when every step went well, `left` when nothing is there any more."""

    failure: str
    left: list[str]
    kept: bool
    took_s: float

    @property
    def good(self) -> bool:
        """Everything worked, and everything is gone."""
        return not (self.failure or self.left or self.kept)


def run(
    steps: Sequence[Step],
    take_down: Callable[[], list[str]],
    *,
    limit_s: float,
    clock: Callable[[], float],
    say: Callable[[str], None],
    keep_failed: bool = False,
) -> Ended:
    """Do the steps within the limit, then take everything down and return what is left of it.

    `take_down` is called whatever happened, unless a step failed and `keep_failed` is set.
    """
    began = clock()
    failure = _first_failure(steps, began + limit_s, clock, say)
    if failure:
        say(f"FAILED: {failure}")
    if failure and keep_failed:
        return Ended(failure=failure, left=[], kept=True, took_s=clock() - began)
    say("taking everything away; a second Ctrl-C does not stop that")
    return Ended(failure=failure, left=take_down(), kept=False, took_s=clock() - began)


def _first_failure(
    steps: Sequence[Step], deadline: float, clock: Callable[[], float], say: Callable[[str], None]
) -> str:
    name = "the beginning"
    try:
        for step in steps:
            name, left = step.name, deadline - clock()
            if left <= 0:
                return f"the deadline passed before: {name}"
            say(name)
            step.act(left)
    except StepFailed as err:
        return f"{name}: {err}"
    except KeyboardInterrupt:
        return f"{name}: stopped by hand"
    except Exception as err:  # noqa: BLE001  # the edge: whatever it is, what was made must be taken away
        return f"{name}: {type(err).__name__}: {err}"
    return ""
