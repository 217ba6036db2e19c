"""The inventory plugin as Ansible sees it: `ansible-inventory` over a stack file."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.fleet import GROUPS

REPOSITORY = Path(__file__).parents[2]
SAMPLE = REPOSITORY / "tests" / "fixtures" / "home"


def inventory(home: Path, stack: str = "local") -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("ansible-inventory")
    env = {**os.environ, "BOKA_HOME": str(home), "BOKA_STACK": stack}
    return subprocess.run([command, "--list"], cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def listed():
    return json.loads(inventory(SAMPLE).stdout)


def test_every_group_exists_even_when_it_is_empty(listed):
    assert set(GROUPS) <= set(listed["all"]["children"])


def test_each_host_of_the_stack_file_appears_once_with_its_host_key_checked(listed):
    hosts = listed["_meta"]["hostvars"]

    assert set(hosts) == set(json.loads((SAMPLE / "local" / "stack.json").read_text())["hosts"])
    assert all("StrictHostKeyChecking=yes" in host["ansible_ssh_common_args"] for host in hosts.values())
    assert hosts["db1"]["ansible_host"] == "198.18.0.41"


def test_a_host_behind_a_bastion_is_reached_through_it_with_both_keys_checked(tmp_path):
    home = shutil.copytree(SAMPLE, tmp_path / "home")
    file = home / "local" / "stack.json"
    file.write_text(file.read_text().replace('"endpoints": {', '"endpoints": {"bastion": "203.0.113.80",'))

    hosts = json.loads(inventory(home).stdout)["_meta"]["hostvars"]

    assert hosts["ops1"]["ansible_host"] == "203.0.113.80"
    assert "ProxyCommand" not in hosts["ops1"]["ansible_ssh_common_args"]
    assert hosts["db1"]["ansible_host"] == "198.18.0.41"
    assert shlex.split(hosts["db1"]["ansible_ssh_common_args"])[-1].endswith(" ops@203.0.113.80")
    assert hosts["db1"]["ansible_ssh_common_args"].count("StrictHostKeyChecking=yes") == 2


def test_a_host_of_a_cloud_is_opened_by_the_operators_own_key_and_wired_for_a_cloud(tmp_path, monkeypatch):
    home = shutil.copytree(SAMPLE, tmp_path / "home")
    text = (home / "local" / "stack.json").read_text().replace(': "local"', ': "staging"')
    (home / "staging").mkdir()
    (home / "staging" / "stack.json").write_text(text)
    monkeypatch.setenv("BOKA_SSH_KEY", "/home/ada/.ssh/token.pub")

    host = json.loads(inventory(home, "staging").stdout)["_meta"]["hostvars"]["edge1"]

    assert host["ansible_ssh_private_key_file"] == "/home/ada/.ssh/token.pub"
    assert host["letsencrypt_dns_provider"] == "cloudflare"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(lambda file: file.unlink(), "has not been raised", id="missing"),
        pytest.param(lambda file: file.write_text(""), "is empty", id="empty"),
        pytest.param(lambda file: file.write_text('{"stack": "local"}'), "is malformed", id="malformed"),
        pytest.param(
            lambda file: file.write_text(file.read_text().replace('"stack": "local"', '"stack": "t0001"')),
            "belongs to stack t0001",
            id="foreign",
        ),
    ],
)
def test_an_unusable_stack_file_stops_ansible_with_the_reason(tmp_path, spoil, said):
    home = shutil.copytree(SAMPLE, tmp_path / "home")
    spoil(home / "local" / "stack.json")

    answer = inventory(home)

    assert answer.returncode != 0
    assert said in " ".join(answer.stderr.split())
