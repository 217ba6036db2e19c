"""Policy documents of AWS, built from values: who may do what. Pure: no provider, no look-up, no output."""

import json
from collections.abc import Sequence

Statement = dict[str, object]


def document(statements: Sequence[Statement]) -> str:
    """Return the policy's JSON text; equal statements give equal text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def trust(service: str, account_id: str) -> str:
    """Who may take a role: one AWS service, acting for this account only.

    EC2 presents an instance's role without a source account, so there the condition would refuse it.
    """
    allowed: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if service != "ec2.amazonaws.com":
        allowed["Condition"] = _from_account(account_id)
    return document([allowed])


def key_policy(account_id: str, services: Sequence[str] = (), *, logs_region: str = "") -> str:
    """A KMS key that the account's own IAM policies govern, and that these services may use for this account."""
    root: Statement = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    used = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"]
    statements = [root]
    if services:
        statements.append(
            {
                "Sid": "Services",
                "Effect": "Allow",
                "Principal": {"Service": sorted(services)},
                "Action": used,
                "Resource": "*",
                "Condition": _from_account(account_id),
            }
        )
    if logs_region:
        arn = f"arn:aws:logs:{logs_region}:{account_id}:log-group:*"
        statements.append(
            {
                "Sid": "LogGroups",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{logs_region}.amazonaws.com"},
                "Action": used,
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn}},
            }
        )
    return document(statements)


def bucket_policy(bucket_arn: str, *, key_arn: str = "", more: Sequence[Statement] = ()) -> str:
    """A bucket that is reached over TLS 1.2 or newer only, and takes no object under another key than its own."""
    both = [bucket_arn, f"{bucket_arn}/*"]
    statements = [
        _deny("TlsOnly", "s3:*", both, {"Bool": {"aws:SecureTransport": "false"}}),
        _deny("ModernTls", "s3:*", both, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ]
    if key_arn:
        header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
        # A negated comparison is true where the header is absent, and absent means the bucket's own key: hence Null.
        another: Statement = {"Null": {header: "false"}, "StringNotEquals": {header: key_arn}}
        statements.append(_deny("OwnKeyOnly", "s3:PutObject", [f"{bucket_arn}/*"], another))
    return document([*statements, *more])


def log_delivery(bucket_arn: str, account_id: str) -> list[Statement]:
    """What CloudTrail and flow logs need of the log bucket."""
    own: Statement = {"StringEquals": {"aws:SourceAccount": account_id, "s3:x-amz-acl": "bucket-owner-full-control"}}
    return [
        _deliver("Look", ["s3:GetBucketAcl", "s3:ListBucket"], bucket_arn, _from_account(account_id)),
        _deliver("Trail", ["s3:PutObject"], f"{bucket_arn}/trail/AWSLogs/{account_id}/*", own),
        _deliver("Flows", ["s3:PutObject"], f"{bucket_arn}/flows/AWSLogs/{account_id}/*", own),
    ]


def access_log_delivery(bucket_arn: str, account_id: str) -> Statement:
    """What S3 needs to write the other buckets' access logs."""
    return {
        "Sid": "AccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/access/*",
        "Condition": _from_account(account_id),
    }


def use_bucket(bucket_arn: str, key_arn: str, prefix: str, *, write: bool) -> list[Statement]:
    """Objects under one prefix of a bucket, and its key through S3 only."""
    verbs = ["s3:GetObject", "s3:GetObjectVersion", *(["s3:PutObject", "s3:DeleteObject"] if write else [])]
    key = ["kms:Decrypt", *(["kms:GenerateDataKey"] if write else [])]
    return [
        allow(["s3:ListBucket"], [bucket_arn], {"StringLike": {"s3:prefix": [f"{prefix}/*"]}}),
        allow(["s3:GetBucketLocation"], [bucket_arn]),
        allow(verbs, [f"{bucket_arn}/{prefix}/*"]),
        allow(key, [key_arn], {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}),
    ]


def replicate(source_arn: str, source_key: str, target_arn: str, target_key: str) -> str:
    """What S3's replication role may do: read versions here, write replicas there."""
    read = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
    locks = ["s3:GetObjectRetention", "s3:GetObjectLegalHold"]
    write = ["s3:ReplicateObject", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"]
    return document(
        [
            allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], [source_arn]),
            allow([*read, *locks], [f"{source_arn}/*"]),
            allow(write, [f"{target_arn}/*"]),
            allow(["kms:Decrypt"], [source_key]),
            allow(["kms:Encrypt", "kms:GenerateDataKey"], [target_key]),
        ]
    )


def write_log_group(log_group_arn: str) -> str:
    """What CloudTrail's role may do: write streams of one log group."""
    return document([allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:log-stream:*"])])


def publish(topic_arn: str, account_id: str) -> str:
    """A topic to which this account's alarms, budgets and backups publish."""
    services = ["backup.amazonaws.com", "budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    return document(
        [
            {
                "Sid": "Alarms",
                "Effect": "Allow",
                "Principal": {"Service": services},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": _from_account(account_id),
            }
        ]
    )


def allow(actions: Sequence[str], resources: Sequence[str], condition: Statement | None = None) -> Statement:
    """Return a statement that allows `actions` on `resources`."""
    found: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**found, "Condition": condition} if condition else found


def _deny(sid: str, action: str, resources: Sequence[str], condition: Statement) -> Statement:
    everyone = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action}
    return {**everyone, "Resource": list(resources), "Condition": condition}


def _deliver(sid: str, actions: Sequence[str], resource: str, condition: Statement) -> Statement:
    services = ["cloudtrail.amazonaws.com", "delivery.logs.amazonaws.com"]
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": services},
        "Action": list(actions),
        "Resource": resource,
        "Condition": condition,
    }


def _from_account(account_id: str) -> Statement:
    return {"StringEquals": {"aws:SourceAccount": account_id}}
