"""A checkout of its own for a live run, with the user's settings in it, and the `boka` command there.

The checkout that the test is started from is not written to. A folder beside the settings file keeps what `boka` keeps
of a stack; Pulumi's state lies in the account, so that folder may be lost.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from live_flow import StepFailed
from live_guards import ENVIRONMENT

REPOSITORY = Path(__file__).parents[2]
# What runs is interrupted as by Ctrl-C; Pulumi then ends what it has begun and says so in its state.
_TO_END_S = 600
_TAIL = 2000


@dataclass(frozen=True)
class Workplace:
    """A folder: `checkout` is made anew by each run, `home` stays."""

    folder: Path

    @property
    def checkout(self) -> Path:
        """Where `boka` runs."""
        return self.folder / "checkout"

    @property
    def settings(self) -> Path:
        """The settings file of the copy."""
        return self.checkout / f"Pulumi.{ENVIRONMENT}.yaml"

    def prepare(self, settings: Path) -> None:
        """Copy the checkout, as it is now, and put the settings into it; a throwaway has a business to book at."""
        shutil.rmtree(self.checkout, ignore_errors=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY, capture_output=True, text=True, check=True,
        )  # fmt: skip
        for name in filter(None, listed.stdout.split("\0")):
            if (REPOSITORY / name).is_file():
                (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(REPOSITORY / name, self.checkout / name, follow_symlinks=False)
        shutil.copy(settings, self.settings)
        business = self.checkout / "inventories" / "group_vars" / ENVIRONMENT / "live.yml"
        business.parent.mkdir(parents=True, exist_ok=True)
        business.write_text(yaml.safe_dump({"booking_demo": True}))

    def keep_settings(self, settings: Path) -> None:
        """Write what `boka init` added back to the user's file: without it the next run could not open the state."""
        if self.settings.read_bytes() != settings.read_bytes():
            shutil.copy(self.settings, settings)

    def boka(self, *words: str, limit_s: float) -> Any:
        """Run a verb on the stack with --json and return its result; what it tells meanwhile goes to stderr.

        Raises:
            StepFailed: it did not end with 0, or not within the limit; it was interrupted then.
        """
        argv = [sys.executable, "-m", "ops", *words, "--json"]
        # A session of its own: Ctrl-C here reaches it through us only.
        with subprocess.Popen(
            argv, cwd=self.checkout, env=self._environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                out, _ = process.communicate(timeout=limit_s)
            except subprocess.TimeoutExpired:
                _end(process)
                raise StepFailed(f"boka {words[0]} was not done at the deadline, {limit_s:.0f} s later") from None
            except BaseException:
                _end(process)
                raise
        if process.returncode != 0:
            raise StepFailed(f"boka {' '.join(words)} ended with {process.returncode}\n{out[-_TAIL:]}")
        return json.loads(out)

    def _environment(self) -> dict[str, str]:
        ours = {
            "PYTHONPATH": str(self.checkout),  # before the checkout that the command is installed from
            "BOKA_HOME": str(self.folder / "home"),
            "BOKA_RUN": str(self.folder / "run"),
        }
        inherited = {key: value for key, value in os.environ.items() if key != "BOKA_STACK"}
        return {**inherited, **ours}


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=_TO_END_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
