"""Bench the cloud programs: their unit tier, and a first preview of production with doubles in the providers' place.

Nothing is made anywhere. Prints one JSON line a figure, each with the bound that the project set itself.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "infra" / "cloud"))

from real_engine import REPOSITORY, Engine

RUNS = 3


def tell(figure: str, seconds: list[float], bound_s: float, **facts: int) -> None:
    """Print one figure, the middle of its runs."""
    middle = sorted(seconds)[len(seconds) // 2]
    line = {"bench": "cloud", "figure": figure, "seconds": round(middle, 1), "bound_s": bound_s, **facts}
    print(json.dumps(line), flush=True)  # noqa: T201 - a bench's result


def unit_tier() -> float:
    """Return how long it took; it must pass."""
    words = ["-q", "-n", "2", "-m", "not engine", "tests/infra/cloud", "tests/infra/policy_rules"]
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "pytest", *words], cwd=REPOSITORY, check=True, stdout=sys.stderr)
    return time.monotonic() - started


def previews(folder: Path) -> tuple[list[float], int]:
    """Return how long previews of production upon a raised base took, and how many resources they would make."""
    engine = Engine.new(folder)
    raised = engine.run("up", "production-base")
    runs = [engine.run("preview") for _ in range(RUNS)] if raised.code == 0 else [raised]
    if runs[-1].code:
        sys.exit(runs[-1].text)
    return [run.took_s for run in runs], len(runs[-1].steps["create"])


def main() -> None:
    """Run the bench."""
    tell("unit tier of the cloud", [unit_tier() for _ in range(RUNS)], 20)
    with tempfile.TemporaryDirectory() as folder:
        seconds, resources = previews(Path(folder))
    tell("preview of production", seconds, 30, resources=resources)


if __name__ == "__main__":
    main()
