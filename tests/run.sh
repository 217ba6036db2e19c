#!/usr/bin/env bash
# Every tier of the tests, in the order in which a mistake is cheapest to find. Says how long each took.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
passed=0 failed=0 report=

tier() {
  local name=$1 started=$SECONDS outcome=passed
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then passed=$((passed + 1)); else
    outcome=FAILED
    failed=$((failed + 1))
  fi
  report+=$(printf '%-11s %-7s %4d s' "$name" "$outcome" $((SECONDS - started)))$'\n'
}

tier check make --no-print-directory lint unit
tier tools .venv/bin/python -m tools ensure pulumi pebble versitygw
tier cloud make --no-print-directory cloud
tier service make --no-print-directory service
tier roles make --no-print-directory roles
tier fleet .venv/bin/pytest -q -m hosts tests/platform/test_fleet_lifecycle.py
tier platform .venv/bin/pytest -q -m hosts tests/platform/test_platform.py
tier cloud-hosts .venv/bin/pytest -q -m hosts tests/platform/test_cloud_hosts.py

printf '\n%stotal %d s\n' "$report" "$SECONDS"
printf 'tiers: %d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
