"""Bench raising the platform: hosts, all of `make up`, a run with nothing to change, `boka status`, `boka --help`.

A throwaway stack is raised, measured and removed. Tools and packages are expected in the caches (run `make up` once
before). Prints one JSON line a figure, each with the bound that the project set itself.

    python tests/bench/bench_platform.py --profile full
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "platform"))

from throwaway import BOKA, ThrowawayStack, new_stack

STATUS_RUNS = 5


def tell(figure: str, profile: str, seconds: float, bound_s: float | None) -> None:
    """Print one figure."""
    line = {"bench": "platform", "figure": figure, "profile": profile, "seconds": round(seconds, 2), "bound_s": bound_s}
    print(json.dumps(line), flush=True)  # noqa: T201 - a bench's result


def timed(*argv: str) -> float:
    """Return how long a command took; it must succeed."""
    started = time.monotonic()
    subprocess.run(argv, check=True, capture_output=True)
    return time.monotonic() - started


def measure(stack: ThrowawayStack, profile: str) -> None:
    """Raise the stack and print every figure."""
    hosts = stack.boka_json("up", "--hosts-only", "--profile", profile)
    tell("hosts booted and reachable", profile, hosts["phases"]["hosts"], 15)
    raised = stack.boka_json("up")
    tell("up, configured and verified", profile, hosts["phases"]["hosts"] + sum(raised["phases"].values()), 360)
    for phase, seconds in raised["phases"].items():
        tell(f"up: {phase}", profile, seconds, None)
    again = stack.boka_json("up")
    tell("site.yml with nothing to change", profile, again["phases"]["configure"], 60)
    status = sorted(timed(BOKA, "status", "--stack", stack.name) for _ in range(STATUS_RUNS))
    tell("boka status, median of 5", profile, status[STATUS_RUNS // 2], 1)
    help_text = sorted(timed(BOKA, "--help") for _ in range(STATUS_RUNS))
    tell("boka --help, median of 5", profile, help_text[STATUS_RUNS // 2], 0.5)


def main() -> int:
    """Run the bench; the stack is gone at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=["full", "small"], default="full")
    profile: str = parser.parse_args().profile
    stack = new_stack()
    try:
        measure(stack, profile)
    finally:
        stack.boka("down", "--yes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
