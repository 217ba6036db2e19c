"""`boka init` against moto's AWS: what it makes, that a second run makes nothing, whom it refuses."""

import io
import json
import sys

import boto3
import pytest
import yaml
from cloud_account import ACCOUNT, ALIAS, BUCKET, REGION, settle
from moto import mock_aws

from ops import cli


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """The committed settings in a folder of their own: `boka init` writes to them."""
    settle(tmp_path, monkeypatch)
    with mock_aws():
        yield tmp_path


@pytest.fixture
def init(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["boka", "init", "production", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def initialised(checkout, init):
    assert init("--yes")[0] == 0
    assert (checkout / "Pulumi.production.yaml").exists()
    return boto3.client("s3", REGION)


def settings_file(checkout):
    return yaml.safe_load((checkout / "Pulumi.production.yaml").read_text())


def test_the_bucket_keeps_versions(initialised):
    assert initialised.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"


def test_the_bucket_is_encrypted_by_the_stacks_key(initialised):
    rules = initialised.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]

    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": f"arn:aws:kms:{REGION}:{ACCOUNT}:{ALIAS}",
    }


def test_the_bucket_is_reached_over_tls_only(initialised):
    statements = json.loads(initialised.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]

    assert {one["Sid"] for one in statements if one["Effect"] == "Deny"} == {"TlsOnly", "ModernTls"}


def test_nobody_can_make_the_bucket_public(initialised):
    found = initialised.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]

    assert set(found.values()) == {True}


def test_the_bucket_lies_in_the_stacks_region(initialised):
    assert initialised.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == REGION


@pytest.mark.usefixtures("initialised")
def test_the_key_rotates():
    kms = boto3.client("kms", REGION)
    key = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]

    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


@pytest.mark.usefixtures("initialised")
def test_the_settings_get_the_sealed_key_and_keep_the_rest(checkout):
    found, text = settings_file(checkout), (checkout / "Pulumi.production.yaml").read_text()

    assert found["secretsprovider"] == f"awskms://{ALIAS}?region={REGION}"
    assert len(found["encryptedkey"]) > 80
    assert found["config"]["boka:region"] == REGION
    assert text.startswith("# Production: both layers")


@pytest.mark.usefixtures("initialised")
def test_a_second_run_makes_nothing(init):
    code, out, err = init("--json")

    assert (code, json.loads(out)["made"], err) == (0, [], "")


def test_what_was_loosened_is_tightened_again(initialised, init):
    initialised.delete_bucket_policy(Bucket=BUCKET)

    assert json.loads(init("--yes", "--json")[1])["made"] == ["TLS 1.2 or newer only to the bucket"]


@pytest.mark.usefixtures("checkout")
def test_a_run_that_ended_between_key_and_name_is_completed(init):
    kms = boto3.client("kms", REGION)
    key = kms.create_key(Description=f"Boka: state in {BUCKET}")["KeyMetadata"]["KeyId"]

    init("--yes")

    assert kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"] == key


@pytest.mark.usefixtures("checkout")
def test_it_says_what_it_will_make_and_makes_nothing_without_the_stacks_name(init, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))

    code, _, err = init()

    assert code == 5
    assert f"bucket {BUCKET} in {REGION}" in err
    assert boto3.client("s3", REGION).list_buckets()["Buckets"] == []


def test_another_account_is_refused_with_both_numbers(checkout, init):
    path = checkout / "Pulumi.production.yaml"
    path.write_text(path.read_text().replace(ACCOUNT, "999988887777"))

    code, _, err = init("--yes")

    assert code == 5
    assert "account_id is 999988887777; these credentials are" in err
    assert f"of account {ACCOUNT}" in err


@pytest.mark.usefixtures("initialised")
def test_a_key_that_is_about_to_go_is_refused(init):
    boto3.client("kms", REGION).disable_key(
        KeyId=boto3.client("kms", REGION).describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]
    )

    code, _, err = init("--yes")

    assert (code, "is Disabled" in err) == (5, True)


def test_a_local_stack_has_nothing_to_initialise(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["boka", "init", "local"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert (ended.value.code, "keeps its state on this machine" in capsys.readouterr().err) == (2, True)
