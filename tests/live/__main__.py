"""Raise the smallest stack in an account of yours, book on it over HTTPS, and take it all away again.

    python tests/live [--keep-failed | --only-down]

`make test-cloud` runs it. It costs money and is never part of `make test`. What it wants to be told and what it refuses
is in tests/live/live_guards.py; how to prepare an account, in docs/howto/test-in-the-cloud.md.
"""

import argparse
import os
import signal
import sys
import time

import live_guards as guards
import live_leftovers as leftovers
import yaml
from live_booking import book
from live_flow import run
from live_report import told
from live_steps import HOUR_S, steps_of, take_down
from live_workplace import REPOSITORY, Workplace

from infra import cost, fleet
from infra.cloud_settings import CloudSettings
from ops import settings as settings_files
from ops.cloud.aws import Aws
from ops.errors import RunFailed, exit_code_of

_BEGAN = time.monotonic()
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Guard, raise, look, take away, tell; return the exit code."""
    asked = _words()
    try:
        wish, chosen, price = allowed()
        refuse_accounts(wish, chosen, empty=not asked.only_down)
    except Exception as err:  # noqa: BLE001  # the edge: nothing was made yet, so a sentence will do
        say(f"test-cloud: {err}")
        return exit_code_of(err)
    place = Workplace(wish.settings.with_suffix(".run"))
    place.prepare(wish.settings)
    _interrupt_once()
    ended = run(
        [] if asked.only_down else steps_of(place, wish.settings, lambda left: book(chosen.domain, left), say),
        lambda: take_down(place, lambda: left_of(chosen), say),
        limit_s=wish.hours * HOUR_S,
        clock=time.monotonic,
        say=say,
        keep_failed=asked.keep_failed,
    )
    for line in told(ended, price, place.folder, raised=not asked.only_down):
        say(line)
    return 0 if ended.good else RunFailed.exit_code


def allowed() -> tuple[guards.Wish, CloudSettings, cost.Estimate]:
    """Return what may be done, as far as the environment and the settings file say.

    Raises:
        NotAllowed: they do not allow it.
    """
    wish = guards.wish_of(os.environ)
    _refuse(guards.file_refusal(wish.settings, REPOSITORY))
    chosen = settings_files.cloud_from(guards.ENVIRONMENT, yaml.safe_load(wish.settings.read_text()) or {})
    price = cost.estimate(chosen, fleet.describe_cloud(chosen), cost.table())
    _refuse(guards.settings_refusals(wish, chosen, price))
    return wish, chosen, price


def refuse_accounts(wish: guards.Wish, chosen: CloudSettings, *, empty: bool) -> None:
    """Look at both accounts; with `empty`, there must be nothing of a stack yet.

    Raises:
        NotAllowed: they are not the place for it.
    """
    caller = Aws(chosen.region).ask("sts", "get_caller_identity")["Account"]
    look = empty and caller == wish.account_id  # in a stranger's account nothing more is looked at
    seen = guards.Seen(
        caller_account=caller,
        standing=left_of(chosen) if look else [],
        records=leftovers.records_of(chosen) if look else [],
    )
    _refuse(guards.account_refusals(wish, chosen, seen))


def left_of(chosen: CloudSettings) -> list[str]:
    """Return what there is of a stack."""
    return [*leftovers.of_aws(chosen), *leftovers.of_cloudflare(chosen)]


def say(text: str) -> None:
    """Write one line of progress."""
    sys.stderr.write(f"[live {time.monotonic() - _BEGAN:5.0f} s] {text}\n")


def _refuse(reasons: list[str]) -> None:
    if reasons:
        raise guards.NotAllowed(reasons)


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make test-cloud", description="Options are given as LIVE=--option.")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--keep-failed", action="store_true", help="leave a stack on which a step failed standing")
    only.add_argument("--only-down", action="store_true", help="take away what a run left, raise nothing")
    return parser.parse_args()


def _interrupt_once() -> None:
    """Let the first signal end the steps, and none after it what takes everything away."""

    def stop(*_: object) -> None:
        for number in _STOPPING:
            signal.signal(number, lambda *_: None)  # not SIG_IGN, which the commands that we start would inherit
        raise KeyboardInterrupt

    for number in _STOPPING:
        signal.signal(number, stop)


if __name__ == "__main__":
    sys.exit(main())
