"""The local stack loads no cloud SDK, and `make up` does not install one."""

import subprocess
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
LOADED = """
import sys
import infra.fleet, infra.settings, infra.cloud_settings, infra.handover, infra.naming, infra.local.resources
import ops.engine, ops.cli
clouds = {"pulumi_aws", "pulumi_cloudflare", "pulumi_policy", "boto3", "botocore"}
print(sorted(clouds & set(sys.modules)))
"""


def test_the_local_stack_and_the_command_load_no_cloud_sdk():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, cwd=REPOSITORY, check=True)

    assert done.stdout.strip() == "[]"


def test_the_program_loads_aws_for_a_cloud_stack_only():
    text = (REPOSITORY / "infra" / "__main__.py").read_text()

    assert [line for line in text.splitlines() if line.startswith(("import", "from")) and "aws" in line] == []


def test_make_up_installs_no_cloud_sdk():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    always = str(project["project"]["dependencies"]) + str(project["dependency-groups"]["dev"])

    assert not [name for name in ("pulumi-aws", "pulumi-cloudflare", "boto3", "moto") if name in always]
    assert "options=(--no-dev --inexact)" in (REPOSITORY / "tools" / "bootstrap.sh").read_text()
