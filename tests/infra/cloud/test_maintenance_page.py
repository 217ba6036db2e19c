"""The Worker that answers when no edge does."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
SCRIPT = (REPOSITORY / "infra/cloudflare/maintenance.mjs").read_text()
PAGES = REPOSITORY / "roles/nginx/files/pages"
UNITS = Path(__file__).parent / "maintenance.test.mjs"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine, so the Worker was not run")
def test_the_worker_does_as_its_units_say():
    done = subprocess.run(["node", "--test", str(UNITS)], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"^# pass 23$", done.stdout, re.MULTILINE), done.stdout[-500:]


def test_it_says_what_the_edges_say():
    problem = json.loads((PAGES / "unavailable.json").read_text())

    assert (PAGES / "unavailable.html").read_text() in SCRIPT
    assert [text for text in problem.values() if str(text) not in SCRIPT] == []


def test_the_script_that_is_deployed_is_the_one_that_is_tested(graph):
    scripts = graph.of("WorkersScript").values()

    assert {one.inputs["content"] for one in scripts} <= {SCRIPT}


def test_the_assets_bucket_is_not_behind_the_worker(graph):
    patterns = [one.inputs["pattern"] for one in graph.of("WorkersRoute").values()]

    assert [pattern for pattern in patterns if pattern.startswith(("assets.", "*"))] == []
