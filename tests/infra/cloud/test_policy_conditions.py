"""What production's policies say of a request once their conditions are read: moto reads none.

Read by policy_language.py, which is ours: that AWS reads them so too, no account has shown.
"""

import json

import pytest
from policy_language import verdict
from recorder import ACCOUNT

TLS = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
KEY_HEADER = "s3:x-amz-server-side-encryption-aws-kms-key-id"
THROUGH_S3 = {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}


class Documents:
    """Production's, by what they are of."""

    def __init__(self, graphs):
        base = graphs["production-base"]
        self.host = graphs["production"].of("RolePolicy")["ops"].inputs["policy"]
        self.of_bucket = {name: one.inputs["policy"] for name, one in base.of("BucketPolicy").items()}
        self.of_key = {name: one.inputs["policy"] for name, one in base.of("Key").items()}
        self.buckets = {name: f"arn:aws:s3:::{one.inputs['bucket']}" for name, one in base.of("Bucket").items()}
        rules = base.of("BucketServerSideEncryptionConfiguration")
        self.keys = {
            name: one.inputs["rules"][0]["applyServerSideEncryptionByDefault"].get("kmsMasterKeyId", "")
            for name, one in rules.items()
        }

    def to_host(self, bucket, action, path, context):
        """What a host of ops is told when it asks S3 for something in a bucket."""
        both = [self.host, self.of_bucket[bucket]]
        return verdict(both, action, self.buckets[bucket] + path, context, who=f"arn:aws:iam::{ACCOUNT}:root")


@pytest.fixture(scope="module")
def documents(graphs):
    return Documents(graphs)


@pytest.mark.parametrize("bucket", ["backup", "replica", "logs", "artefacts"])
@pytest.mark.parametrize(
    ("context", "wanted"),
    [
        pytest.param(TLS, "not granted", id="TLS 1.3"),
        pytest.param(TLS | {"s3:TlsVersion": "1.2"}, "not granted", id="TLS 1.2"),
        pytest.param(TLS | {"s3:TlsVersion": "1.1"}, "denied", id="TLS 1.1"),
        pytest.param({"aws:SecureTransport": "false"}, "denied", id="in the clear"),
    ],
)
def test_a_bucket_refuses_everybody_who_comes_without_modern_tls(documents, bucket, context, wanted):
    found = verdict([documents.of_bucket[bucket]], "s3:GetObject", documents.buckets[bucket] + "/x", context, who="any")

    assert found == wanted


@pytest.mark.parametrize(
    ("prefix", "wanted"),
    [
        ({"s3:prefix": "daily/"}, "allowed"),
        ({"s3:prefix": "monthly/archive/"}, "allowed"),
        ({"s3:prefix": "daily/an/object/that/is/not/there"}, "allowed"),
        ({"s3:prefix": "daily"}, "not granted"),
        ({"s3:prefix": ""}, "not granted"),
        ({}, "not granted"),
    ],
)
def test_a_host_lists_below_the_tiers_only(documents, prefix, wanted):
    assert documents.to_host("backup", "s3:ListBucket", "", TLS | prefix) == wanted


def test_a_host_writes_under_the_buckets_own_key_whether_it_names_it_or_not(documents):
    named = TLS | {KEY_HEADER: documents.keys["backup"]}

    assert documents.to_host("backup", "s3:PutObject", "/daily/x", TLS) == "allowed"
    assert documents.to_host("backup", "s3:PutObject", "/daily/x", named) == "allowed"


def test_nobody_writes_under_another_key(documents):
    named = TLS | {KEY_HEADER: "arn:aws:kms:eu-central-1:999999999999:key/theirs"}

    assert documents.to_host("backup", "s3:PutObject", "/daily/x", named) == "denied"


@pytest.mark.parametrize(
    ("key", "action", "context", "wanted"),
    [
        pytest.param("backup", "kms:GenerateDataKey", THROUGH_S3, "allowed", id="seal a backup"),
        pytest.param("backup", "kms:Decrypt", THROUGH_S3, "allowed", id="open a backup"),
        pytest.param("artefacts", "kms:Decrypt", THROUGH_S3, "allowed", id="open a release"),
        pytest.param("artefacts", "kms:GenerateDataKey", THROUGH_S3, "not granted", id="seal a release"),
        pytest.param("backup", "kms:Decrypt", {}, "not granted", id="use the key itself"),
        pytest.param("backup", "kms:Decrypt", {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"}, "not granted",
                     id="through another service"),
        pytest.param("replica", "kms:Decrypt", THROUGH_S3, "not granted", id="open the replica"),
        pytest.param("backup", "kms:ScheduleKeyDeletion", THROUGH_S3, "not granted", id="lose the key"),
    ],
)  # fmt: skip
def test_a_host_uses_keys_through_s3_only(documents, key, action, context, wanted):
    assert verdict([documents.host], action, documents.keys[key], context) == wanted


def test_hosts_use_s3_and_its_keys_and_no_other_service(graphs):
    policies = [one.inputs["policy"] for one in graphs["production"].of("RolePolicy").values()]
    actions = {action for text in policies for one in json.loads(text)["Statement"] for action in one["Action"]}

    assert {action.partition(":")[0] for action in actions} == {"s3", "kms"}


OUR_TRAIL = f"arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/boka-production-trail"
IN_CLEAR = {"aws:SecureTransport": "false"}
DELIVERED = TLS | {"aws:SourceArn": OUR_TRAIL, "s3:x-amz-acl": "bucket-owner-full-control"}


@pytest.mark.parametrize(
    ("path", "context", "wanted"),
    [
        pytest.param(f"/trail/AWSLogs/{ACCOUNT}/x", DELIVERED, "allowed", id="ours"),
        pytest.param("/trail/AWSLogs/999999999999/x", DELIVERED, "not granted", id="another account's folder"),
        pytest.param(f"/trail/AWSLogs/{ACCOUNT}/x", DELIVERED | {"aws:SourceArn": OUR_TRAIL.replace(ACCOUNT, "9" * 12)},
                     "not granted", id="another account's trail"),
        pytest.param(f"/trail/AWSLogs/{ACCOUNT}/x", DELIVERED | IN_CLEAR, "denied", id="in the clear"),
    ],
)  # fmt: skip
def test_the_log_bucket_takes_our_own_trail_only(documents, path, context, wanted):
    place = documents.buckets["logs"] + path

    found = verdict([documents.of_bucket["logs"]], "s3:PutObject", place, context, who="cloudtrail.amazonaws.com")

    assert found == wanted


@pytest.mark.parametrize(("account", "wanted"), [(ACCOUNT, "allowed"), ("999999999999", "not granted")])
def test_the_audit_key_serves_this_accounts_log_groups_only(documents, account, wanted):
    sealed = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-central-1:{account}:log-group:/boka/x"}

    found = verdict([documents.of_key["audit"]], "kms:Encrypt", "*", sealed, who="logs.eu-central-1.amazonaws.com")

    assert found == wanted


def test_a_condition_that_nobody_can_read_here_is_no_answer():
    document = (
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"a": "b"}}}]}'
    )

    with pytest.raises(KeyError, match="IpAddress"):
        verdict([document], "s3:GetObject", "*", {"a": "b"})
