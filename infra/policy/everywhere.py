"""Rules about every resource, whatever it is: options, tags, secrets, classes that are going away."""

import re
from collections.abc import Iterator, Mapping

from infra import naming
from infra.policy.model import UNKNOWN, NotKnown, Resource, Stack, Value, first_bad, shown, told

_SECRET_NAME = re.compile(
    r"(?i)(?:password|passwd|passphrase|secret_?string|private_?key|api_?(?:token|key)|access_?key|secret_?key)(?:_?wo)?$"
)
_SECRET_VALUE = re.compile(
    r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-1|gh[pousr]_[A-Za-z0-9]{36}|xox[abp]-[0-9]|"
    r"sk_live_[A-Za-z0-9]{8}"
)
# Old classes, and what takes their place.
LEGACY: dict[str, str] = {
    "aws:s3/bucketV2:BucketV2": "aws.s3.Bucket",
    "aws:s3/bucketVersioningV2:BucketVersioningV2": "aws.s3.BucketVersioning",
    "aws:s3/bucketObject:BucketObject": "aws.s3.BucketObjectv2",
    "aws:s3/bucketAclV2:BucketAclV2": "a bucket policy",
    "aws:ec2/securityGroupRule:SecurityGroupRule": "aws.vpc.SecurityGroupIngressRule or EgressRule",
    "aws:ec2/launchConfiguration:LaunchConfiguration": "aws.ec2.LaunchTemplate",
    "aws:elb/loadBalancer:LoadBalancer": "aws.lb.LoadBalancer",
    "aws:iam/user:User": "a role: a person or a host takes one for hours, a user's key is for ever",
    "aws:iam/accessKey:AccessKey": "a role: a person or a host takes one for hours, a key is for ever",
    "cloudflare:index/record:Record": "cloudflare.DnsRecord",
    "cloudflare:index/pageRule:PageRule": "cloudflare.Ruleset",
    "cloudflare:index/filter:Filter": "cloudflare.Ruleset",
    "cloudflare:index/firewallRule:FirewallRule": "cloudflare.Ruleset",
    "cloudflare:index/rateLimit:RateLimit": "cloudflare.Ruleset in phase http_ratelimit",
    "cloudflare:index/workerScript:WorkerScript": "cloudflare.WorkersScript",
    "cloudflare:index/workerRoute:WorkerRoute": "cloudflare.WorkersRoute",
    "cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride": "cloudflare.ZoneSetting",
}
# Classes of ours that AWS gives no tags. A test holds the list against the SDK.
TAGLESS = frozenset(
    {
        "aws:backup/selection:Selection",
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        "aws:backup/vaultNotifications:VaultNotifications",
        "aws:backup/vaultPolicy:VaultPolicy",
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        "aws:ebs/defaultKmsKey:DefaultKmsKey",
        "aws:ebs/encryptionByDefault:EncryptionByDefault",
        "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
        "aws:ec2/eipAssociation:EipAssociation",
        "aws:ec2/route:Route",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/volumeAttachment:VolumeAttachment",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:kms/alias:Alias",
        "aws:lb/targetGroupAttachment:TargetGroupAttachment",
        "aws:secretsmanager/secretVersion:SecretVersion",
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
    }
)


def provider_is_explicit(one: Resource, _: Stack) -> str:
    """A cloud resource is made by a provider of the program's own, which knows account and region."""
    provider = told(one.provider, "provider")
    return "" if provider and not provider.startswith("default") else f"its provider is {provider or 'the default one'}"


def parent_is_a_component(one: Resource, _: Stack) -> str:
    """A cloud resource lies in a component, so that a reader finds what it belongs to."""
    return "" if one.has_component else "its parent is the stack itself"


def data_is_protected(one: Resource, _: Stack) -> str:
    """What cannot be made again from code is protected from deletion."""
    return "" if told(one.protect, "protect") else "protect is off"


def data_is_retained(one: Resource, _: Stack) -> str:
    """What cannot be made again from code is kept in the cloud even when it leaves the program."""
    return "" if told(one.retain, "retain_on_delete") else "retain_on_delete is off"


def tags_are_complete(one: Resource, _: Stack) -> str:
    """A resource that can have tags says whose it is, what for and who pays."""
    if one.type in TAGLESS:
        return ""
    return first_bad(naming.TAG_KEYS, lambda key: "" if one.get(f"tags.{key}") else f"tag {key} is not set")


def class_is_current(one: Resource, _: Stack) -> str:
    """No resource is of a class that its provider is giving up, or that keeps a long-lived key."""
    return f"{one.kind} has given way to {LEGACY[one.type]}" if one.type in LEGACY else ""


def secrets_are_secret(one: Resource, _: Stack) -> str:
    """No input holds a secret that the state would keep in clear."""
    return first_bad(_leaves(one.inputs), lambda leaf: _in_clear(one, *leaf))


def _in_clear(one: Resource, path: str, value: object) -> str:
    marked = one.secrets is not None and path.partition(".")[0] in one.secrets
    if marked or not value:
        return ""
    if value is UNKNOWN:
        raise NotKnown(path)
    if not (_SECRET_NAME.search(path) or (isinstance(value, str) and _SECRET_VALUE.search(value))):
        return ""
    told(one.secrets, f"whether {path} is secret")
    return f"{path} is in clear"


def local_inputs_hold_no_secret(one: Resource, _: Stack) -> str:
    """No input of a local resource holds a secret at all: that state is encrypted with an empty passphrase."""

    def held(leaf: tuple[str, object]) -> str:
        path, value = leaf
        if value is UNKNOWN:
            raise NotKnown(path)
        found = value and (_SECRET_NAME.search(path) or (isinstance(value, str) and _SECRET_VALUE.search(value)))
        return f"{path} holds a secret" if found else ""

    return first_bad(_leaves(one.inputs), held)


def provider_knows_its_account(one: Resource, _: Stack) -> str:
    """An AWS provider refuses credentials of another account."""
    accounts = one.get("allowedAccountIds")
    return "" if accounts and accounts != "[]" else f"allowedAccountIds is {shown(accounts)}"


def provider_tags_what_forgot(one: Resource, _: Stack) -> str:
    """An AWS provider puts the common tags on what a component forgot."""
    return one.must("defaultTags")


def _leaves(value: Value, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, part in value.items():  # pyright: ignore[reportUnknownVariableType] - JSON
            if not str(key).startswith("__"):  # pyright: ignore[reportUnknownArgumentType] - the SDK's own
                yield from _leaves(part, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for part in value:  # pyright: ignore[reportUnknownVariableType] - JSON
            yield from _leaves(part, path)
    else:
        yield path, value
