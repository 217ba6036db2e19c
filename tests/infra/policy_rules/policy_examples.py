"""For each rule by its id: what is good, what of it makes it bad, and what of it a first preview does not know."""
# ruff: noqa: FBT003 - values of inputs, side by side

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from infra.naming import TAG_KEYS
from infra.policy.model import UNKNOWN, Resource, Stack

Inputs = Mapping[str, Any]


def urn_of(kind: str, name: str) -> str:
    return f"urn:pulumi:production::boka::{kind}::{name}"


def made(
    kind: str, name: str = "one", refers: Mapping[str, tuple[str, ...]] | None = None, /, **inputs: Any
) -> Resource:
    return Resource(
        type=kind,
        name=name,
        urn=urn_of(kind, name),
        inputs=inputs,
        parent="urn:pulumi:production::boka::boka:aws:Network::network",
        provider="main",
        protect=True,
        retain=True,
        refers=refers or {},
    )


@dataclass(frozen=True, kw_only=True)
class Example:
    """`bad` and `unknown` change inputs of `good` by dotted path; `*_options` the options, `*_beside` what lies beside.

    `certain` says why a rule reads nothing that could be unknown; the answer then stays with all inputs unknown.
    """

    good: Resource
    bad: Inputs = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    bad_options: Inputs = field(default_factory=dict)
    unknown_options: Inputs = field(default_factory=dict)
    beside: tuple[Resource, ...] = ()
    bad_beside: tuple[Resource, ...] | None = None
    unknown_beside: tuple[Resource, ...] | None = None
    certain: str = ""

    def case(self, verdict: str, stage: str) -> tuple[Resource, Stack]:
        """The resource of one case, and its stack."""
        one, beside = {"good": self._good, "bad": self._bad, "unknown": self._unknown}[verdict]()
        return one, Stack(stage=stage, resources=(one, *beside))  # type: ignore[arg-type]

    def _good(self):
        return self.good, self.beside

    def _bad(self):
        one = replace(self.good, **{"inputs": changed(self.good.inputs, self.bad), **self.bad_options})
        return one, self.beside if self.bad_beside is None else self.bad_beside

    def _unknown(self):
        inputs = changed(self.good.inputs, dict.fromkeys(self.unknown, UNKNOWN))
        beside = self.beside if self.unknown_beside is None else self.unknown_beside
        return replace(self.good, **{"inputs": inputs, **self.unknown_options}), beside


def changed(inputs: Inputs, changes: Inputs) -> dict[str, Any]:
    """Inputs with other values at some dotted paths."""
    found = copy.deepcopy(dict(inputs))
    for path, value in changes.items():
        *folders, last = path.split(".")
        inside: Any = found
        for key in folders:
            inside = inside[int(key)] if isinstance(inside, list) else inside.setdefault(key, {})
        inside[int(last) if isinstance(inside, list) else last] = value
    return found


def simple(kind: str, path: str, good: Any, bad: Any, /, **more: Any) -> Example:
    """One input that decides."""
    inputs = changed(more, {path: good})
    return Example(good=made(kind, **inputs), bad={path: bad}, unknown=(path,))


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

CF = "cloudflare:index/"
NAME, SETTING, RULESET = f"{CF}dnsRecord:DnsRecord", f"{CF}zoneSetting:ZoneSetting", f"{CF}ruleset:Ruleset"
R2 = f"{CF}r2Bucket:R2Bucket"
COPY = made(R2, "backup-copy", name="boka-backup-copy")
R2_LOCK = made(f"{CF}r2BucketLock:R2BucketLock", "lock", {"bucketName": (COPY.urn,)}, rules=[{"enabled": True}])
SETTINGS = tuple(
    made(SETTING, f"x-{key}", settingId=key)
    for key in ("min_tls_version", "always_use_https", "security_header", "tls_client_auth")
)
RULE = {"ref": "one", "description": "why", "enabled": True}
LIMIT = {**RULE, "ratelimit": {"characteristics": ["cf.colo.id", "ip.src"]}}
CACHE = {**RULE, "expression": 'starts_with(http.request.uri.path, "/api/")', "actionParameters": {"cache": False}}
HSTS = {"strict_transport_security": {"enabled": True, "max_age": 31536000}}
WORKER = f"{CF}workersScript:WorkersScript"
TOKEN = f"{CF}apiToken:ApiToken"

LOCAL = "pulumi-python:dynamic/boka:"
LOCAL_HOST = made(f"{LOCAL}Host", "app1", address="198.18.0.21")
LOCAL_NETWORK = made(f"{LOCAL}Network", "network", subnet="198.18.0.0/24", control_address="198.18.0.1")


def setting(setting_id: str, good: Any, bad: Any) -> Example:
    return simple(SETTING, "value", good, bad, settingId=setting_id)


def phase(name: str, other: str) -> Example:
    """A zone has a ruleset of a phase; the resource is the first of its rulesets."""
    ruleset = made(RULESET, "a", phase=other)
    there = made(RULESET, "b", phase=name)
    return Example(good=ruleset, beside=(there,), bad_beside=(), unknown_beside=(made(RULESET, "b", phase=UNKNOWN),))


EXAMPLES: dict[str, Example] = {
    # Every resource
    "provider-is-explicit": Example(
        good=made(VPC), bad_options={"provider": "default_7_51_1"}, unknown_options={"provider": None}
    ),
    "parent-is-a-component": Example(
        good=made(VPC),
        bad_options={"parent": "urn:pulumi:production::boka::pulumi:pulumi:Stack::boka-production"},
        unknown_options={"parent": None},
    ),
    "data-is-protected": Example(good=made(VOLUME), bad_options={"protect": False}, unknown_options={"protect": None}),
    "data-is-retained": Example(good=made(VOLUME), bad_options={"retain": False}, unknown_options={"retain": None}),
    "tags-are-complete": simple(VPC, "tags.Owner", "platform", None, tags=dict.fromkeys(TAG_KEYS, "x")),
    "class-is-current": Example(
        good=made(BUCKET), bad_options={"type": "aws:s3/bucketV2:BucketV2"}, certain="a class is always known"
    ),
    "secrets-are-secret": Example(
        good=replace(made("aws:ssm/parameter:Parameter", password="x"), secrets=frozenset({"password"})),
        bad_options={"secrets": frozenset()},
        unknown_options={"secrets": None},
    ),
    "local-inputs-hold-no-secret": simple(f"{LOCAL}SshKey", "note", "none", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    "provider-knows-its-account": simple("pulumi:providers:aws", "allowedAccountIds", '["111122223333"]', "[]"),
    "provider-tags-what-forgot": simple("pulumi:providers:aws", "defaultTags", '{"tags": {"Owner": "x"}}', None),
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
    # The CDN
    "name-is-proxied": simple(NAME, "proxied", True, False, type="A", name="www.boka.example"),
    "name-has-a-ttl": simple(NAME, "ttl", 1, 300, proxied=True),
    "zone-settings-are-there": Example(
        good=made(SETTING, "a-ssl", settingId="ssl"),
        beside=SETTINGS,
        bad_beside=SETTINGS[:2],
        unknown_beside=(*SETTINGS[:2], made(SETTING, "x", settingId=UNKNOWN)),
    ),
    "origin-is-reached-by-strict-tls": setting("ssl", "strict", "flexible"),
    "zone-speaks-modern-tls": setting("min_tls_version", "1.2", "1.0"),
    "zone-redirects-to-https": setting("always_use_https", "on", "off"),
    "zone-takes-no-early-data": setting("0rtt", "off", "on"),
    "zone-sends-hsts": setting(
        "security_header", HSTS, {"strict_transport_security": {"enabled": True, "max_age": 60}}
    ),
    "origin-knows-the-cdn": setting("tls_client_auth", "on", "off"),
    "zone-is-signed": simple(f"{CF}zoneDnssec:ZoneDnssec", "status", "active", "disabled"),
    "phase-has-one-ruleset": Example(
        good=made(RULESET, phase="http_ratelimit", zoneId="z"),
        beside=(made(RULESET, "other", phase="http_request_firewall_custom", zoneId="z"),),
        bad_beside=(made(RULESET, "other", phase="http_ratelimit", zoneId="z"),),
        unknown_beside=(made(RULESET, "other", phase="http_ratelimit", zoneId=UNKNOWN),),
    ),
    "ruleset-rules-have-a-ref": simple(RULESET, "rules", [RULE], [RULE, RULE]),
    "ruleset-rules-say-why": simple(RULESET, "rules", [RULE], [{**RULE, "enabled": None}]),
    "zone-is-filtered": phase("http_request_firewall_managed", "http_ratelimit"),
    "zone-limits-rates": phase("http_ratelimit", "http_request_firewall_managed"),
    "rate-limit-counts-a-place": simple(
        RULESET, "rules", [LIMIT], [{**RULE, "ratelimit": {"characteristics": ["ip.src"]}}], phase="http_ratelimit"
    ),
    "answers-of-the-api-are-not-kept": simple(
        RULESET, "rules", [CACHE, RULE], [RULE, CACHE], phase="http_request_cache_settings"
    ),
    "copies-are-write-once": Example(
        good=COPY,
        beside=(R2_LOCK,),
        bad_beside=(),
        unknown_beside=(replace(R2_LOCK, inputs={"rules": UNKNOWN}),),
    ),
    "copies-are-not-public": Example(
        good=COPY,
        bad_beside=(made(f"{CF}r2CustomDomain:R2CustomDomain", "d", bucketName="boka-backup-copy"),),
        unknown_beside=(made(f"{CF}r2CustomDomain:R2CustomDomain", "d", bucketName=UNKNOWN),),
    ),
    "bucket-has-no-developer-name": simple(f"{CF}r2ManagedDomain:R2ManagedDomain", "enabled", False, True),
    "bucket-name-speaks-modern-tls": simple(f"{CF}r2CustomDomain:R2CustomDomain", "minTls", "1.2", "1.0"),
    "worker-is-pinned": simple(WORKER, "compatibilityDate", "2026-11-01", None),
    "worker-secret-is-bound-as-one": simple(
        WORKER,
        "bindings",
        [{"name": "API_TOKEN", "type": "secret_text"}],
        [{"name": "API_TOKEN", "type": "plain_text"}],
    ),
    "worker-serves-our-names": simple(f"{CF}workersRoute:WorkersRoute", "pattern", "www.boka.example/*", "*/*"),
    "front-is-made-from-main": simple(f"{CF}pagesProject:PagesProject", "productionBranch", "main", "next"),
    "token-is-narrow": simple(
        TOKEN,
        "policies",
        [{"resources": {"com.cloudflare.api.account.zone.0123": "*"}}],
        [{"resources": {"com.cloudflare.api.account.zone.*": "*"}}],
    ),
    "token-ends": simple(TOKEN, "expiresOn", "2027-11-01T00:00:00Z", None),
    "alert-is-heard": simple(
        f"{CF}notificationPolicy:NotificationPolicy", "mechanisms", {"emails": [{"id": "a"}]}, {}, enabled=True
    ),
    "health-is-asked-by-tls": simple(f"{CF}healthcheck:Healthcheck", "type", "HTTPS", "HTTP"),
    # The local stack
    "local-host-has-a-memory-limit": simple(f"{LOCAL}Host", "memory_mib", 384, None),
    "local-host-has-a-processor-limit": simple(f"{LOCAL}Host", "cpus", 2, None),
    "local-host-lies-in-the-stacks-network": Example(
        good=LOCAL_HOST,
        beside=(LOCAL_NETWORK,),
        bad={"address": "198.18.1.21"},
        unknown_beside=(replace(LOCAL_NETWORK, inputs={"subnet": UNKNOWN}),),
    ),
    "local-address-is-one-hosts": Example(
        good=LOCAL_HOST,
        bad_beside=(made(f"{LOCAL}Host", "app2", address="198.18.0.21"),),
        unknown_beside=(made(f"{LOCAL}Host", "app2", address=UNKNOWN),),
    ),
    "local-host-knows-its-operator": simple(f"{LOCAL}Host", "authorized_key", "ssh-ed25519 AAAA", ""),
    "local-network-meets-nobodys": simple(f"{LOCAL}Network", "subnet", "198.18.0.0/24", "192.168.1.0/24"),
    "local-volume-has-a-size": simple(f"{LOCAL}Volume", "size_mib", 8192, 0),
}
