"""The command reference is the commands' own help: write it anew with `python tests/docs/test_reference.py`."""

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "boka.md"


def generated() -> str:
    argv = [sys.executable, "-m", "typer", "ops.cli", "utils", "docs", "--name", "boka"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BOKA_")}
    text = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment).stdout
    return text.strip() + "\n"


def test_the_command_reference_is_what_the_commands_say():
    assert PAGE.read_text() == generated(), f"write it anew: python {Path(__file__).name}"


if __name__ == "__main__":
    PAGE.write_text(generated())
