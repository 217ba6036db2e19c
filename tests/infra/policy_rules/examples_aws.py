"""Examples of the rules over AWS."""
# ruff: noqa: FBT003 - values of inputs, side by side

import json
from dataclasses import replace
from typing import Any

from policy_case import Example, Inputs, changed, made, simple, urn_of

from infra.policy.model import UNKNOWN, Resource


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def policy(kind: str, good: str, bad: str) -> Example:
    return simple(kind, "policy", good, bad)


BUCKET = "aws:s3/bucket:Bucket"
BACKUP = made(BUCKET, "backup", bucket="boka-backup", objectLockEnabled=True)


def of_bucket(kind: str, good: Inputs, bad: Inputs, unknown: str, bucket: Resource | None = None) -> Example:
    """A resource beside a bucket decides."""
    one = bucket or made(BUCKET, bucket="boka-artefacts")
    refers = {"bucket": (one.urn,)}
    token = f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}"
    beside = made(token, "beside", refers, **good)
    return Example(
        good=one,
        beside=(beside,),
        bad_beside=(replace(beside, inputs=changed(good, bad)),) if bad else (),
        unknown_beside=(replace(beside, inputs=changed(good, {unknown: UNKNOWN})),),
    )


SHUT = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUP, EDGE_GROUP, BASTION_GROUP = (
    urn_of("aws:ec2/securityGroup:SecurityGroup", name) for name in ("app", "balancer", "ops")
)
BALANCER = made("aws:lb/loadBalancer:LoadBalancer", "edges", {"securityGroups": (EDGE_GROUP,)})
HTTPS = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
SSH = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "referencedSecurityGroupId": "sg-1"}
HOST, VPC, VOLUME = "aws:ec2/instance:Instance", "aws:ec2/vpc:Vpc", "aws:ebs/volume:Volume"
HOST_URN = urn_of(HOST, "one")
ATTACHED = made("aws:ec2/volumeAttachment:VolumeAttachment", "data", {"instanceId": (HOST_URN,)})
KEY, SECRET, VAULT = "aws:kms/key:Key", "aws:secretsmanager/secret:Secret", "aws:backup/vault:Vault"
TRAIL, TOPIC, ALARM = (
    "aws:cloudtrail/trail:Trail",
    "aws:sns/topic:Topic",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
)
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
LOCK = made(
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    "lock",
    {"backupVaultName": (urn_of(VAULT, "one"),)},
    minRetentionDays=30,
    changeableForDays=3,
)
PLAN = made(
    "aws:backup/plan:Plan", "volumes", rules=[{"ruleName": "daily", "copyActions": [{"destinationVaultArn": "a"}]}]
)
SELECTION = made("aws:backup/selection:Selection", "volumes")
ROLE_POLICY, BUCKET_POLICY = "aws:iam/rolePolicy:RolePolicy", "aws:s3/bucketPolicy:BucketPolicy"
NARROW = document(Action=["s3:GetObject"], Resource="arn:aws:s3:::boka/*")
SERVICE = {"Action": "sns:Publish", "Resource": "*", "Principal": {"Service": "cloudwatch.amazonaws.com"}}
FILTER = made("aws:cloudwatch/logMetricFilter:LogMetricFilter", "root-user", metricTransformation={"name": "root-user"})
WATCHED = made(ALARM, "root-user", metricName="root-user")
TLS_ONLY = json.dumps(
    {
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
    }
)

EXAMPLES: dict[str, Example] = {
    # Network and hosts
    "world-sees-web-ports-only": Example(
        good=made(INGRESS, cidrIpv4="0.0.0.0/0", **HTTPS), bad={"fromPort": 8000, "toPort": 8000}, unknown=("cidrIpv4",)
    ),
    "world-reaches-the-edge-only": Example(
        good=made(INGRESS, "one", {"securityGroupId": (EDGE_GROUP,)}, cidrIpv6="::/0", **HTTPS),
        beside=(BALANCER,),
        bad_options={"refers": {"securityGroupId": (GROUP,)}},
        unknown_options={"refers": {}},
    ),
    "ssh-comes-through-the-bastion": Example(
        good=made(INGRESS, "one", {"referencedSecurityGroupId": (BASTION_GROUP,), "securityGroupId": (GROUP,)}, **SSH),
        bad_options={"refers": {"referencedSecurityGroupId": (GROUP,)}},
        unknown_options={"refers": {}},
    ),
    "rule-names-one-port": simple(INGRESS, "toPort", 443, 8443, ipProtocol="tcp", fromPort=443),
    "rule-says-why": simple(INGRESS, "description", "users", ""),
    "rules-are-not-inline": simple("aws:ec2/securityGroup:SecurityGroup", "ingress", [], [{"fromPort": 1}]),
    "default-group-is-empty": simple(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "ingress", [], [{"fromPort": 0}], egress=[]
    ),
    "host-has-no-public-address": simple(HOST, "associatePublicIpAddress", False, None),
    "subnet-gives-no-public-address": simple("aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", False, True),
    "fixed-address-is-the-bastions": Example(
        good=made("aws:ec2/eipAssociation:EipAssociation", "one", {"instanceId": (urn_of(HOST, "ops1"),)}),
        bad_options={"refers": {"instanceId": (urn_of(HOST, "db1"),)}},
        unknown_options={"refers": {}},
    ),
    "internet-gateway-serves-the-public-tier": Example(
        good=made("aws:ec2/route:Route", "one", {"routeTableId": (urn_of("t", "public"),)}, gatewayId="igw-1"),
        bad_options={"refers": {"routeTableId": (urn_of("t", "eu-central-1a"),)}},
        unknown_options={"refers": {}},
    ),
    "flows-are-recorded": Example(
        good=made(VPC),
        beside=(made("aws:ec2/flowLog:FlowLog", "flows", {"vpcId": (urn_of(VPC, "one"),)}, trafficType="ALL"),),
        bad_beside=(),
        unknown_beside=(made("aws:ec2/flowLog:FlowLog", "flows", vpcId=UNKNOWN),),
    ),
    "metadata-needs-a-token": simple(HOST, "metadataOptions.httpTokens", "required", "optional"),
    "metadata-stays-on-the-host": simple(HOST, "metadataOptions.httpPutResponseHopLimit", 1, True),
    "image-is-pinned": simple(HOST, "ami", "ami-0123456789abcdef0", "debian-13"),
    "host-has-an-instance-profile": simple(HOST, "iamInstanceProfile", "boka-production-app", None),
    "host-is-monitored": simple(HOST, "monitoring", True, False),
    "host-with-data-is-not-terminated": Example(
        good=made(HOST, disableApiTermination=True),
        beside=(ATTACHED,),
        bad={"disableApiTermination": False},
        unknown=("disableApiTermination",),
    ),
    "balancer-is-not-deleted": simple("aws:lb/loadBalancer:LoadBalancer", "enableDeletionProtection", True, False),
    "listener-speaks-modern-tls": simple(
        "aws:lb/listener:Listener", "protocol", "TCP", "HTTP", defaultActions=[{"type": "forward"}]
    ),
    # What is kept
    "volume-is-encrypted": simple(VOLUME, "encrypted", True, None),
    "volume-has-our-key": simple(VOLUME, "kmsKeyId", "arn:aws:kms:x", None),
    "volume-leaves-a-snapshot": simple(VOLUME, "finalSnapshot", True, False),
    "volume-is-backed-up": simple(VOLUME, "tags.Backup", "daily", None),
    "root-disk-is-encrypted": simple(HOST, "rootBlockDevice.encrypted", True, False),
    "new-volumes-are-encrypted": simple("aws:ebs/encryptionByDefault:EncryptionByDefault", "enabled", True, False),
    "snapshots-are-not-shared": simple(
        "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess", "state", "block-all-sharing", "unblocked"
    ),
    "account-has-no-public-bucket": simple(
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", "blockPublicAcls", True, False, **SHUT
    ),
    "bucket-keeps-versions": of_bucket(
        "BucketVersioning",
        {"versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration.status": "Suspended"},
        "versioningConfiguration",
    ),
    "bucket-is-not-public": of_bucket(
        "BucketPublicAccessBlock", SHUT, {"ignorePublicAcls": False}, "restrictPublicBuckets"
    ),
    "bucket-speaks-tls-only": of_bucket("BucketPolicy", {"policy": TLS_ONLY}, {"policy": NARROW}, "policy"),
    "bucket-is-encrypted": of_bucket(
        "BucketServerSideEncryptionConfiguration",
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]},
        {},
        "rules",
    ),
    "bucket-is-tidied": of_bucket(
        "BucketLifecycleConfiguration",
        {"rules": [{"abortIncompleteMultipartUpload": {"d": 7}, "noncurrentVersionExpiration": {"d": 30}}]},
        {"rules.0.abortIncompleteMultipartUpload": None},
        "rules",
    ),
    "bucket-has-one-owner": of_bucket(
        "BucketOwnershipControls",
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule.objectOwnership": "ObjectWriter"},
        "rule",
    ),
    "bucket-access-is-logged": of_bucket(
        "BucketLogging", {"targetBucket": "logs"}, {"targetBucket": ""}, "targetBucket"
    ),
    "bucket-is-not-emptied": simple(BUCKET, "forceDestroy", False, True),
    "backups-are-write-once": of_bucket(
        "BucketObjectLockConfiguration",
        {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 30}}},
        {"rule.defaultRetention.mode": "GOVERNANCE"},
        "rule.defaultRetention",
        BACKUP,
    ),
    "backups-have-a-replica": Example(
        good=BACKUP,
        beside=(made("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "r", {"bucket": (BACKUP.urn,)}),),
        bad_beside=(),
        unknown_beside=(made("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "r", bucket=UNKNOWN),),
    ),
    "deletions-are-not-replicated": Example(
        good=made(
            "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
            rules=[{"deleteMarkerReplication": {"status": "Disabled"}}],
        ),
        bad={"rules.0.deleteMarkerReplication.status": "Enabled"},
        unknown=("rules",),
    ),
    "key-rotates": simple(KEY, "enableKeyRotation", True, None),
    "key-waits-before-it-goes": simple(KEY, "deletionWindowInDays", 30, 7),
    "secret-has-our-key": simple(SECRET, "kmsKeyId", "arn:aws:kms:x", None),
    "secret-can-be-recovered": simple(SECRET, "recoveryWindowInDays", 30, 0),
    "vault-has-our-key": simple(VAULT, "kmsKeyArn", "arn:aws:kms:x", None),
    "vault-is-locked": Example(
        good=made(VAULT),
        beside=(LOCK,),
        bad_beside=(),
        unknown_beside=(replace(LOCK, inputs={"minRetentionDays": UNKNOWN}),),
    ),
    "recovery-points-are-made": Example(
        good=made(VAULT),
        beside=(PLAN, SELECTION),
        bad_beside=(PLAN,),
        unknown_beside=(replace(PLAN, inputs={"rules": UNKNOWN}), SELECTION),
    ),
    "recovery-points-are-copied": Example(good=PLAN, bad={"rules.0.copyActions": []}, unknown=("rules.0.copyActions",)),
    "topic-is-encrypted": simple(TOPIC, "kmsMasterKeyId", "arn:aws:kms:x", None),
    "log-group-forgets": simple(LOG_GROUP, "retentionInDays", 365, 0),
    "log-group-has-our-key": simple(LOG_GROUP, "kmsKeyId", "arn:aws:kms:x", None),
    # Who may do what
    "nobody-may-do-everything": policy(ROLE_POLICY, NARROW, document(Action="*", Resource="*")),
    "actions-are-named": policy(ROLE_POLICY, NARROW, document(Action=["s3:*"], Resource="arn:aws:s3:::boka")),
    "nothing-is-allowed-by-exception": policy(ROLE_POLICY, NARROW, document(NotAction="iam:*", Resource="*")),
    "principals-are-named": policy(
        BUCKET_POLICY, document(**SERVICE), document(Action="s3:GetObject", Resource="*", Principal={"AWS": ["*"]})
    ),
    "services-act-for-us-only": policy(
        "aws:sns/topicPolicy:TopicPolicy",
        document(**SERVICE, Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}}),
        document(**SERVICE),
    ),
    "nobody-is-administrator": simple(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "policyArn",
        "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
        "arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    # What is recorded
    "environment-has-a-trail": Example(
        good=made(VPC),
        beside=(made(TRAIL, enableLogging=True),),
        bad_beside=(),
        unknown_beside=(made(TRAIL, enableLogging=UNKNOWN),),
    ),
    "environment-has-a-budget": Example(
        good=made(VPC),
        beside=(made("aws:budgets/budget:Budget", limitAmount="900"),),
        bad_beside=(),
        unknown_beside=(made("aws:budgets/budget:Budget", limitAmount=UNKNOWN),),
    ),
    "environment-alarms": Example(
        good=made(VPC),
        beside=(FILTER, WATCHED),
        bad_beside=(FILTER,),
        unknown_beside=(FILTER, replace(WATCHED, inputs={"metricName": UNKNOWN})),
    ),
    "budget-is-told": simple(
        "aws:budgets/budget:Budget",
        "notifications",
        [{"subscriberEmailAddresses": ["ops@boka.example"]}],
        [{"threshold": 80}],
    ),
    "trail-sees-every-region": simple(TRAIL, "isMultiRegionTrail", True, False),
    "trail-is-sealed": simple(TRAIL, "enableLogFileValidation", True, None),
    "trail-has-our-key": simple(TRAIL, "kmsKeyId", "arn:aws:kms:x", None),
    "trail-is-searched": simple(TRAIL, "cloudWatchLogsGroupArn", "arn:aws:logs:x", None),
    "host-is-watched": Example(
        good=made(HOST),
        beside=(made(ALARM, "host", {"dimensions": (HOST_URN,)}),),
        bad_beside=(),
        unknown_beside=(made(ALARM, "host", dimensions=UNKNOWN),),
    ),
    "alarm-is-heard": simple(ALARM, "alarmActions", ["arn:aws:sns:x"], []),
    "alarm-knows-silence": simple(ALARM, "treatMissingData", "breaching", None),
    "topic-has-a-reader": Example(
        good=made(TOPIC),
        beside=(made("aws:sns/topicSubscription:TopicSubscription", "mail", {"topic": (urn_of(TOPIC, "one"),)}),),
        bad_beside=(),
        unknown_beside=(made("aws:sns/topicSubscription:TopicSubscription", "mail", topic=UNKNOWN),),
    ),
}
