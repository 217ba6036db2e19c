"""`python -m infra.policy FILE`: what the rules say of an exported state.

Exit codes: 0 no finding, 2 usage, 3 findings.
"""

import argparse
import json
import sys
from pathlib import Path

from infra.policy import report, state

_USAGE, _FOUND = 2, 3


def main(words: list[str]) -> int:
    """Read, judge, say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.policy", description=__doc__)
    parser.add_argument("file", type=Path, help="what `pulumi stack export --file FILE` wrote")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--throwaway", action="store_true", help="the stack keeps no data (setting throwaway)")
    asked = parser.parse_args(words)
    try:
        found = report.of(state.read(asked.file.read_text(), throwaway=asked.throwaway))
    except (OSError, UnicodeDecodeError, state.StateUnreadable) as err:
        sys.stderr.write(f"{asked.file}: {err}\n")
        return _USAGE
    text = json.dumps(found.as_json(), indent=2) if asked.json else "\n".join(found.lines())
    sys.stdout.write(f"{text}\n")
    return _FOUND if found.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
