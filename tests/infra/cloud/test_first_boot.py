"""What a host is told at its first boot."""

import base64
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra import host_keys
from infra.aws import first_boot
from infra.aws.host_key import HostKeyProvider

FACTS = {
    "host": "db1",
    "host_private_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n",
    "host_public_key": "ssh-ed25519 AAAA",
    "operator_keys": ("ssh-ed25519 BBBB me@here",),
    "mounts": {"vol-0abc": "/var/lib/postgresql"},
}


def told(**changed):
    text = first_boot.config(**{**FACTS, **changed})
    assert text.startswith("#cloud-config\n")
    return json.loads(text.removeprefix("#cloud-config\n"))


def test_only_ops_comes_in_and_only_by_key():
    found = told()

    assert (found["disable_root"], found["ssh_pwauth"], found["users"][0]["lock_passwd"]) == (True, False, True)
    assert [user["name"] for user in found["users"]] == ["ops"]


def test_the_host_has_the_key_that_provisioning_made_and_no_other():
    found = told()

    assert found["ssh_keys"] == {
        "ed25519_private": FACTS["host_private_key"],
        "ed25519_public": FACTS["host_public_key"],
    }
    assert (found["ssh_deletekeys"], found["ssh_genkeytypes"]) == (True, [])


def test_the_data_volume_is_mounted_by_its_id():
    assert told()["runcmd"][-1] == ["/usr/local/sbin/boka-mount", "vol-0abc", "/var/lib/postgresql"]


def test_the_script_that_mounts_has_no_finding(tmp_path):
    script = tmp_path / "boka-mount"
    script.write_text(told()["write_files"][0]["content"])

    command = [Path(sys.executable).with_name("shellcheck"), script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.stdout == ""


def test_user_data_is_what_cloud_init_unpacks_and_equal_facts_give_equal_bytes():
    found = first_boot.user_data(**FACTS)

    assert gzip.decompress(base64.b64decode(found)).decode() == first_boot.config(**FACTS)
    assert found == first_boot.user_data(**FACTS)


def test_user_data_that_ec2_would_refuse_is_refused_here():
    many = [base64.b64encode(bytes((n * k) % 251 for k in range(64))).decode() * 2 for n in range(2000)]

    with pytest.raises(ValueError, match="EC2 takes 16384"):
        first_boot.user_data(**{**FACTS, "operator_keys": many})


def test_a_host_key_is_made_once_and_never_differs():
    made = HostKeyProvider().create({"host": "db1"})

    assert made.outs["public_key"].startswith("ssh-ed25519 ")
    assert HostKeyProvider().diff(made.id, made.outs, {"host": "db1"}).changes is False
    assert HostKeyProvider().read(made.id, made.outs).outs == made.outs


def test_two_host_keys_differ():
    assert host_keys.generate() != host_keys.generate()
