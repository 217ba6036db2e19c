"""Policy documents of AWS, built from values: who may do what. Pure: no provider, no look-up, no output."""

import json
from collections.abc import Sequence

Statement = dict[str, object]


def document(statements: Sequence[Statement]) -> str:
    """Return the policy's JSON text; equal statements give equal text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def trust(service: str) -> str:
    """Who may take a role: one AWS service. Which one hands it over is decided by who may pass the role to it."""
    return document([{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}])


def key_policy(account_id: str, services: Sequence[str] = (), more: Sequence[Statement] = ()) -> str:
    """A KMS key that the account's own IAM policies govern, and that these services may use for this account."""
    root: Statement = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": _root(account_id)},
        "Action": "kms:*",
        "Resource": "*",
    }
    used = [_use_key("Services", sorted(services), _from_account(account_id))] if services else []
    return document([root, *used, *more])


def key_for_audit(region: str, account_id: str) -> list[Statement]:
    """What CloudTrail and CloudWatch's log groups need of a key. They name what they encrypt, so that is the condition.

    Source: CloudTrail and CloudWatch Logs user guides, "encrypt with KMS".
    """
    groups = f"arn:aws:logs:{region}:{account_id}:log-group:*"
    trails = f"arn:aws:cloudtrail:*:{account_id}:trail/*"
    return [
        _use_key(
            "LogGroups",
            [f"logs.{region}.amazonaws.com"],
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
        _use_key(
            "Trails",
            ["cloudtrail.amazonaws.com"],
            {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails}},
        ),
    ]


def key_for_replicas(role_arn: str, account_id: str) -> Statement:
    """What the replication role of the account of the originals needs of the key of the copies."""
    return {
        "Sid": "Replicas",
        "Effect": "Allow",
        "Principal": {"AWS": _root(account_id)},
        "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": _from_role(role_arn),
    }


def accept_replicas(bucket_arn: str, role_arn: str, account_id: str) -> Statement:
    """What the same role needs of the bucket of the copies, when another account owns it."""
    return {
        "Sid": "Replicas",
        "Effect": "Allow",
        "Principal": {"AWS": _root(account_id)},
        "Action": ["s3:ReplicateObject", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"],
        "Resource": f"{bucket_arn}/*",
        "Condition": _from_role(role_arn),
    }


def accept_copies(account_id: str) -> str:
    """A vault into which another account copies its recovery points."""
    return document(
        [
            {
                "Effect": "Allow",
                "Principal": {"AWS": _root(account_id)},
                "Action": "backup:CopyIntoBackupVault",
                "Resource": "*",
            }
        ]
    )


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


def log_delivery(bucket_arn: str, account_id: str, *, region: str, trail: str) -> list[Statement]:
    """What CloudTrail and flow logs need of the log bucket, each for its own source only."""
    trail_arn = f"arn:aws:cloudtrail:{region}:{account_id}:trail/{trail}"
    from_trail: Statement = {"StringEquals": {"aws:SourceArn": trail_arn}}
    whole: Statement = {"StringEquals": {"aws:SourceArn": trail_arn, "s3:x-amz-acl": "bucket-owner-full-control"}}
    flows: Statement = {
        "StringEquals": {"aws:SourceAccount": account_id, "s3:x-amz-acl": "bucket-owner-full-control"},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{region}:{account_id}:*"},
    }
    look = ["s3:GetBucketAcl", "s3:ListBucket"]
    return [
        _deliver("TrailLooks", "cloudtrail", look[:1], bucket_arn, from_trail),
        _deliver("Trail", "cloudtrail", ["s3:PutObject"], f"{bucket_arn}/trail/AWSLogs/{account_id}/*", whole),
        _deliver("FlowsLook", "delivery.logs", look, bucket_arn, _from_account(account_id)),
        _deliver("Flows", "delivery.logs", ["s3:PutObject"], f"{bucket_arn}/flows/AWSLogs/{account_id}/*", flows),
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


def use_bucket(bucket_arn: str, key_arn: str, prefixes: Sequence[str], *, write: bool) -> list[Statement]:
    """Objects under these prefixes of a bucket, and its key through S3 only.

    Without the right to list, S3 says 403 of an object that is not there, and pgBackRest stops; it asks for that right
    with the object's own name as the prefix.
    """
    verbs = ["s3:GetObject", "s3:GetObjectVersion", *(["s3:PutObject", "s3:DeleteObject"] if write else [])]
    key = ["kms:Decrypt", *(["kms:GenerateDataKey"] if write else [])]
    below = [f"{prefix}/*" for prefix in prefixes]
    return [
        allow(["s3:ListBucket"], [bucket_arn], {"StringLike": {"s3:prefix": below}}),
        allow(["s3:GetBucketLocation"], [bucket_arn]),
        allow(verbs, [f"{bucket_arn}/{one}" for one in below]),
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
    """A topic to which this account's alarms and vaults publish."""
    services = ["backup.amazonaws.com", "cloudwatch.amazonaws.com"]
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


def _deliver(sid: str, service: str, actions: Sequence[str], resource: str, condition: Statement) -> Statement:
    principal = {"Service": f"{service}.amazonaws.com"}
    granted = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": list(actions)}
    return {**granted, "Resource": resource, "Condition": condition}


def _use_key(sid: str, services: Sequence[str], condition: Statement) -> Statement:
    used = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"]
    allowed = {"Sid": sid, "Effect": "Allow", "Principal": {"Service": list(services)}, "Action": used}
    return {**allowed, "Resource": "*", "Condition": condition}


def _root(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:root"


def _from_role(role_arn: str) -> Statement:
    # A role that does not exist yet cannot be a principal; as a condition it can.
    return {"ArnEquals": {"aws:PrincipalArn": role_arn}}


def _from_account(account_id: str) -> Statement:
    return {"StringEquals": {"aws:SourceAccount": account_id}}
