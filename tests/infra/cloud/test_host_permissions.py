"""What a host may do on AWS with its role, tried by calls: production's own policies, in moto with its permissions on.

moto decides by action and resource. What the conditions add is in test_policy_conditions.py.
"""

import json
import re
from functools import cache

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.authorization import enable_iam_authentication

from infra import fleet
from infra.aws import roles

REGION = "eu-central-1"
BODY = b"a backup"
# The bucket is part of the host's name (repo-s3-uri-style=host, the default that roles/backup takes).
AS_PGBACKREST = Config(s3={"addressing_style": "virtual"})


class Account:
    """Production's buckets and the roles of its hosts, as recorded."""

    def __init__(self, graphs):
        base, made = graphs["production-base"], graphs["production"]
        self._session = boto3.Session("testing", "testing", region_name=REGION)
        self.s3 = self._session.client("s3")
        self.buckets = {name: one.inputs["bucket"] for name, one in base.of("Bucket").items()}
        for name in self.buckets:
            self._bucket(base, name)
        iam, sts = self._session.client("iam"), self._session.client("sts")
        self.credentials = {group: self._host(iam, sts, role) for group, role in made.of("Role").items()}
        for group, policy in made.of("RolePolicy").items():
            role = made.of("Role")[group].inputs["name"]
            iam.put_role_policy(RoleName=role, PolicyName="hosts", PolicyDocument=policy.inputs["policy"])

    def _bucket(self, base, name):
        s3, bucket = self.s3, self.buckets[name]
        locked = base.of("Bucket")[name].inputs["objectLockEnabled"]
        place = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=locked)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        rule = base.of("BucketServerSideEncryptionConfiguration")[name].inputs["rules"][0]
        chosen = rule["applyServerSideEncryptionByDefault"]
        default = {"SSEAlgorithm": chosen["sseAlgorithm"]}
        if "kmsMasterKeyId" in chosen:
            default["KMSMasterKeyID"] = chosen["kmsMasterKeyId"]
        wanted = {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=wanted)
        if locked:
            (lock,) = [base.of("BucketObjectLockConfiguration")[name].inputs["rule"]["defaultRetention"]]
            retention = {"DefaultRetention": {"Mode": lock["mode"], "Days": lock["days"]}}
            kept = {"ObjectLockEnabled": "Enabled", "Rule": retention}
            s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=kept)

    def _host(self, iam, sts, role):
        trust = role.inputs["assumeRolePolicy"]
        arn = iam.create_role(RoleName=role.inputs["name"], AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        found = sts.assume_role(RoleArn=arn, RoleSessionName="host")["Credentials"]
        return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]

    def put(self, bucket, key):
        """An object that is there before the host comes."""
        return self.s3.put_object(Bucket=self.buckets[bucket], Key=key, Body=BODY)

    def call(self, group, service, operation, **inputs):
        """One call by a host of `group`."""
        client = self._client(group, service)
        with enable_iam_authentication():
            return getattr(client, operation)(**inputs)

    @cache  # noqa: B019 - lives as long as the module's one account
    def _client(self, group, service):
        key, secret, token = self.credentials[group]
        return self._session.client(
            service,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=AS_PGBACKREST,
        )


@pytest.fixture(scope="module")
def account(graphs):
    with mock_aws():
        yield Account(graphs)


REFUSED = re.compile("Access ?Denied")


def is_refused(account, group, service, operation, **inputs):
    """Whether it was for want of permission; any other failure is the test's."""
    try:
        account.call(group, service, operation, **inputs)
    except ClientError as err:
        if REFUSED.search(str(err)):
            return True
        raise
    return False


BACKUPS = [
    pytest.param("put_object", {"Key": "daily/new", "Body": BODY}, id="write"),
    pytest.param("get_object", {"Key": "daily/there"}, id="read"),
    pytest.param("list_objects_v2", {"Prefix": "daily/", "Delimiter": "/"}, id="list"),
    pytest.param("get_bucket_location", {}, id="find"),
    # pgBackRest deletes in batches; of those moto asks for the bucket, where AWS asks for each object.
    pytest.param("delete_object", {"Key": "daily/there"}, id="expire"),
]


@pytest.mark.parametrize(("operation", "inputs"), BACKUPS)
def test_the_repository_keeps_backups_in_its_bucket(account, operation, inputs):
    account.put("backup", "daily/there")

    assert not is_refused(account, "ops", "s3", operation, Bucket=account.buckets["backup"], **inputs)


@pytest.mark.parametrize("tier", roles.TIERS)
def test_it_writes_and_reads_every_tier(account, tier):
    place = {"Bucket": account.buckets["backup"], "Key": f"{tier}/full"}

    account.call("ops", "s3", "put_object", **place, Body=BODY)

    assert account.call("ops", "s3", "get_object", **place)["Body"].read() == BODY


@pytest.mark.parametrize("group", [group for group in fleet.GROUPS if group not in ("ops", "world")])
@pytest.mark.parametrize(("operation", "inputs"), BACKUPS)
def test_no_other_host_comes_near_the_backups(account, group, operation, inputs):
    account.put("backup", "daily/there")

    assert is_refused(account, group, "s3", operation, Bucket=account.buckets["backup"], **inputs)


ROLE = "boka-production-ops"
LOCK = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
RULES = {"Rules": [{"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}
FORGET = {"Status": "Suspended"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.mark.parametrize(
    ("bucket", "operation", "inputs"),
    [
        pytest.param("backup", "put_object", {"Key": "hourly/x", "Body": BODY}, id="write beside the tiers"),
        pytest.param("backup", "get_object", {"Key": "dailyx/there"}, id="read what only begins like a tier"),
        pytest.param("backup", "delete_object", {"Key": "hourly/there"}, id="delete beside the tiers"),
        pytest.param("backup", "delete_bucket", {}, id="delete the bucket"),
        pytest.param("backup", "put_bucket_policy", {"Policy": POLICY}, id="open the bucket"),
        pytest.param("backup", "delete_bucket_policy", {}, id="take its policy away"),
        pytest.param("backup", "put_object_lock_configuration", {"ObjectLockConfiguration": LOCK}, id="unlock"),
        pytest.param("backup", "put_bucket_versioning", {"VersioningConfiguration": FORGET}, id="forget versions"),
        pytest.param("backup", "put_bucket_lifecycle_configuration", {"LifecycleConfiguration": RULES}, id="expire"),
        pytest.param("replica", "get_object", {"Key": "daily/there"}, id="read the replica"),
        pytest.param("replica", "put_object", {"Key": "daily/x", "Body": BODY}, id="write the replica"),
        pytest.param("logs", "get_object", {"Key": "daily/there"}, id="read the audit trail"),
        pytest.param("logs", "list_objects_v2", {"Prefix": "daily/"}, id="list the audit trail"),
        pytest.param("artefacts", "put_object", {"Key": "releases/x", "Body": BODY}, id="plant a release"),
        pytest.param("artefacts", "delete_object", {"Key": "releases/there"}, id="delete a release"),
        pytest.param("artefacts", "get_object", {"Key": "other/there"}, id="read beside the releases"),
    ],
)  # fmt: skip
def test_the_repository_can_do_nothing_else_to_buckets(account, bucket, operation, inputs):
    for key in ("dailyx/there", "daily/there", "hourly/there", "releases/there", "other/there"):
        account.put(bucket, key)

    assert is_refused(account, "ops", "s3", operation, Bucket=account.buckets[bucket], **inputs)


def test_it_reads_releases(account):
    account.put("artefacts", "releases/there")

    found = account.call("ops", "s3", "get_object", Bucket=account.buckets["artefacts"], Key="releases/there")

    assert found["Body"].read() == BODY


@pytest.mark.parametrize("group", [group for group in fleet.GROUPS if group != "world"])
@pytest.mark.parametrize(
    ("service", "operation", "inputs"),
    [
        ("secretsmanager", "get_secret_value", {"SecretId": "boka/production/booking/session_key"}),
        ("secretsmanager", "list_secrets", {}),
        ("iam", "list_roles", {}),
        ("iam", "put_role_policy", {"RoleName": ROLE, "PolicyName": "x", "PolicyDocument": POLICY}),
        ("sts", "assume_role", {"RoleArn": f"arn:aws:iam::123456789012:role/{ROLE}", "RoleSessionName": "host"}),
        ("s3", "list_buckets", {}),
    ],
)  # fmt: skip
def test_no_host_may_use_the_account(account, group, service, operation, inputs):
    assert is_refused(account, group, service, operation, **inputs)


def test_what_the_repository_deletes_is_still_there(account):
    bucket = account.buckets["backup"]
    version = account.put("backup", "daily/kept")["VersionId"]

    account.call("ops", "s3", "delete_object", Bucket=bucket, Key="daily/kept")

    assert (
        account.call("ops", "s3", "get_object", Bucket=bucket, Key="daily/kept", VersionId=version)["Body"].read()
        == BODY
    )
    assert is_refused(account, "ops", "s3", "delete_object", Bucket=bucket, Key="daily/kept", VersionId=version)


def test_nobody_deletes_a_locked_version(account):
    version = account.put("backup", "daily/locked")["VersionId"]

    with pytest.raises(ClientError, match="AccessDenied"):
        account.s3.delete_object(
            Bucket=account.buckets["backup"], Key="daily/locked", VersionId=version, BypassGovernanceRetention=True
        )


def test_what_it_writes_without_naming_a_key_lies_under_the_buckets_own(account, graphs):
    rule = graphs["production-base"].of("BucketServerSideEncryptionConfiguration")["backup"].inputs["rules"][0]
    place = {"Bucket": account.buckets["backup"], "Key": "daily/sealed"}

    account.call("ops", "s3", "put_object", **place, Body=BODY)
    found = account.call("ops", "s3", "head_object", **place)

    assert found["ServerSideEncryption"] == "aws:kms"
    assert found["SSEKMSKeyId"] == rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]
