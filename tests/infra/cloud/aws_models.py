"""Holds AWS inputs against botocore's service models: enums, patterns, lengths, ranges, what is required, types.

One line a resource type says which API operation its inputs go to. Names are matched without regard to case; those that
differ are listed, and those that go to another operation or stay in the provider are `None`: counted, not checked.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.loaders
import botocore.model
from recorder import Graph

Names = Mapping[str, str | None]


@dataclass(frozen=True)
class Operation:
    """Where a type's inputs go. `inside` is the path to the member that holds them, `names` the spellings that differ.

    `filled` are required members that the provider itself sends.
    """

    service: str
    name: str
    names: Names = field(default_factory=dict)
    inside: str = ""
    filled: tuple[str, ...] = ()


_RULE: Names = {"securityGroupId": "GroupId", "cidrIpv4": None, "cidrIpv6": None, "description": None,
                "prefixListId": None, "referencedSecurityGroupId": None, "tags": None}  # fmt: skip
_BUCKET_BLOCK = "PublicAccessBlockConfiguration"

OPERATIONS: dict[str, Operation] = {
    "aws:backup/plan:Plan": Operation("backup", "CreateBackupPlan", {"name": "BackupPlanName", "targetVaultName":
        "TargetBackupVaultName", "schedule": "ScheduleExpression", "startWindow": "StartWindowMinutes",
        "completionWindow": "CompletionWindowMinutes", "deleteAfter": "DeleteAfterDays",
        "destinationVaultArn": "DestinationBackupVaultArn", "tags": None}, "BackupPlan"),
    "aws:backup/selection:Selection": Operation("backup", "CreateBackupSelection", {"name": "SelectionName",
        "planId": None, "key": "ConditionKey", "value": "ConditionValue"}, "BackupSelection"),
    "aws:backup/vault:Vault": Operation("backup", "CreateBackupVault", {"name": "BackupVaultName",
        "kmsKeyArn": "EncryptionKeyArn", "forceDestroy": None, "tags": "BackupVaultTags"}),
    "aws:backup/vaultNotifications:VaultNotifications": Operation("backup", "PutBackupVaultNotifications"),
    "aws:backup/vaultPolicy:VaultPolicy": Operation("backup", "PutBackupVaultAccessPolicy"),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": Operation("backup", "PutBackupVaultLockConfiguration"),
    "aws:budgets/budget:Budget": Operation("budgets", "CreateBudget", {"name": "BudgetName", "limitAmount": None,
        "limitUnit": None, "costFilters": None, "notifications": None, "tags": None}, "Budget"),
    "aws:cloudtrail/trail:Trail": Operation("cloudtrail", "CreateTrail", {"cloudWatchLogsGroupArn":
        "CloudWatchLogsLogGroupArn", "enableLogging": None, "tags": "TagsList"}),
    "aws:cloudwatch/logGroup:LogGroup": Operation("logs", "CreateLogGroup", {"name": "logGroupName",
        "retentionInDays": None}),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Operation("logs", "PutMetricFilter", {
        "name": "filterName|metricName", "pattern": "filterPattern", "metricTransformation": "metricTransformations",
        "namespace": "metricNamespace", "value": "metricValue"}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Operation("cloudwatch", "PutMetricAlarm", {"name": "AlarmName",
        "dimensions": None}),
    "aws:ebs/defaultKmsKey:DefaultKmsKey": Operation("ec2", "ModifyEbsDefaultKmsKeyId", {"keyArn": "KmsKeyId"}),
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": Operation("ec2", "EnableSnapshotBlockPublicAccess"),
    "aws:ebs/volume:Volume": Operation("ec2", "CreateVolume", {"type": "VolumeType", "finalSnapshot": None}),
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": Operation("ec2", "CreateEgressOnlyInternetGateway"),
    "aws:ec2/eip:Eip": Operation("ec2", "AllocateAddress"),
    "aws:ec2/eipAssociation:EipAssociation": Operation("ec2", "AssociateAddress"),
    "aws:ec2/flowLog:FlowLog": Operation("ec2", "CreateFlowLogs", {"vpcId": "ResourceIds"}, filled=("ResourceType",)),
    "aws:ec2/instance:Instance": Operation("ec2", "RunInstances", {"ami": "ImageId", "iamInstanceProfile": None,
        "disableApiTermination": "DisableApiTermination", "placementGroup": None, "privateIp": "PrivateIpAddress",
        "vpcSecurityGroupIds": "SecurityGroupIds", "userDataBase64": "UserData", "userDataReplaceOnChange": None,
        "associatePublicIpAddress": None, "rootBlockDevice": None, "monitoring": None, "forceDestroy": None},
        filled=("MinCount", "MaxCount")),
    "aws:ec2/internetGateway:InternetGateway": Operation("ec2", "CreateInternetGateway", {"vpcId": None}),
    "aws:ec2/managedPrefixList:ManagedPrefixList": Operation("ec2", "CreateManagedPrefixList", {"name":
        "PrefixListName"}),
    "aws:ec2/natGateway:NatGateway": Operation("ec2", "CreateNatGateway"),
    "aws:ec2/placementGroup:PlacementGroup": Operation("ec2", "CreatePlacementGroup", {"name": "GroupName"}),
    "aws:ec2/route:Route": Operation("ec2", "CreateRoute", {"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"}),
    "aws:ec2/routeTable:RouteTable": Operation("ec2", "CreateRouteTable"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Operation("ec2", "AssociateRouteTable"),
    "aws:ec2/securityGroup:SecurityGroup": Operation("ec2", "CreateSecurityGroup", {"name": "GroupName"}),
    "aws:ec2/subnet:Subnet": Operation("ec2", "CreateSubnet", {"assignIpv6AddressOnCreation": None,
        "mapPublicIpOnLaunch": None}),
    "aws:ec2/volumeAttachment:VolumeAttachment": Operation("ec2", "AttachVolume", {"deviceName": "Device",
        "stopInstanceBeforeDetaching": None}),
    "aws:ec2/vpc:Vpc": Operation("ec2", "CreateVpc", {"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock",
        "enableDnsHostnames": None, "enableDnsSupport": None}),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Operation("ec2", "CreateVpcEndpoint"),
    "aws:iam/instanceProfile:InstanceProfile": Operation("iam", "CreateInstanceProfile", {"name":
        "InstanceProfileName", "role": None}),
    "aws:iam/role:Role": Operation("iam", "CreateRole", {"name": "RoleName",
        "assumeRolePolicy": "AssumeRolePolicyDocument"}),
    "aws:iam/rolePolicy:RolePolicy": Operation("iam", "PutRolePolicy", {"name": "PolicyName", "role": "RoleName",
        "policy": "PolicyDocument"}),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Operation("iam", "AttachRolePolicy", {"role": "RoleName"}),
    "aws:kms/alias:Alias": Operation("kms", "CreateAlias", {"name": "AliasName"}),
    "aws:kms/key:Key": Operation("kms", "CreateKey", {"deletionWindowInDays": None, "enableKeyRotation": None,
        "rotationPeriodInDays": None}),
    "aws:lb/listener:Listener": Operation("elbv2", "CreateListener"),
    "aws:lb/loadBalancer:LoadBalancer": Operation("elbv2", "CreateLoadBalancer", {"loadBalancerType": "Type",
        "internal": None, "enableCrossZoneLoadBalancing": None, "enableDeletionProtection": None}),
    "aws:lb/targetGroup:TargetGroup": Operation("elbv2", "CreateTargetGroup", {"deregistrationDelay": None,
        "preserveClientIp": None, "healthCheck": None, "targetHealthStates": None}),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": Operation("elbv2", "RegisterTargets", {"targetId": None,
        "port": None}, filled=("Targets",)),
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": Operation("s3control", "PutPublicAccessBlock", {},
        _BUCKET_BLOCK),
    "aws:s3/bucket:Bucket": Operation("s3", "CreateBucket", {"objectLockEnabled": "ObjectLockEnabledForBucket",
        "forceDestroy": None, "tags": None}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Operation("s3",
        "PutBucketLifecycleConfiguration", {"bucket": None}, "LifecycleConfiguration"),
    "aws:s3/bucketLogging:BucketLogging": Operation("s3", "PutBucketLogging", {"bucket": None, "targetBucket": None,
        "targetPrefix": None}, "BucketLoggingStatus"),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": Operation("s3",
        "PutObjectLockConfiguration", {"bucket": None}, "ObjectLockConfiguration"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Operation("s3", "PutBucketOwnershipControls",
        {"bucket": None, "rule": "Rules"}, "OwnershipControls"),
    "aws:s3/bucketPolicy:BucketPolicy": Operation("s3", "PutBucketPolicy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Operation("s3", "PutPublicAccessBlock",
        {"bucket": None}, _BUCKET_BLOCK),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": Operation("s3", "PutBucketReplication",
        {"bucket": None}, "ReplicationConfiguration"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Operation("s3",
        "PutBucketEncryption", {"bucket": None}, "ServerSideEncryptionConfiguration"),
    "aws:s3/bucketVersioning:BucketVersioning": Operation("s3", "PutBucketVersioning"),
    "aws:secretsmanager/secret:Secret": Operation("secretsmanager", "CreateSecret", {"recoveryWindowInDays": None}),
    "aws:secretsmanager/secretVersion:SecretVersion": Operation("secretsmanager", "PutSecretValue"),
    "aws:sns/topic:Topic": Operation("sns", "CreateTopic", {"kmsMasterKeyId": None}),
    "aws:sns/topicSubscription:TopicSubscription": Operation("sns", "Subscribe", {"topic": "TopicArn"}),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Operation("ec2", "AuthorizeSecurityGroupEgress", _RULE),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Operation("ec2", "AuthorizeSecurityGroupIngress",
        _RULE),
}  # fmt: skip

# Inputs that the provider sends by another operation, or deeper in the same one: type, inputs, where.
FURTHER: tuple[tuple[str, tuple[str, ...], Operation], ...] = (
    ("aws:ec2/instance:Instance", ("rootBlockDevice",), Operation("ec2", "RunInstances", {"tags": None},
        "BlockDeviceMappings.Ebs")),
    ("aws:ec2/instance:Instance", ("placementGroup",), Operation("ec2", "RunInstances", {"placementGroup":
        "GroupName"}, "Placement")),
    ("aws:lb/targetGroup:TargetGroup", ("healthCheck",), Operation("elbv2", "CreateTargetGroup", {
        "enabled": "HealthCheckEnabled", "protocol": "HealthCheckProtocol", "port": "HealthCheckPort",
        "path": "HealthCheckPath", "matcher": None, "interval": "HealthCheckIntervalSeconds",
        "timeout": "HealthCheckTimeoutSeconds",
        "healthyThreshold": "HealthyThresholdCount", "unhealthyThreshold": "UnhealthyThresholdCount"},
        filled=("Name",))),
    ("aws:lb/targetGroupAttachment:TargetGroupAttachment", ("targetId", "port"), Operation("elbv2",
        "RegisterTargets", {"targetId": "Id"}, "Targets")),
    ("aws:s3/bucketLogging:BucketLogging", ("targetBucket", "targetPrefix"), Operation("s3", "PutBucketLogging", {},
        "BucketLoggingStatus.LoggingEnabled")),
    ("aws:kms/key:Key", ("deletionWindowInDays",), Operation("kms", "ScheduleKeyDeletion", {"deletionWindowInDays":
        "PendingWindowInDays"}, filled=("KeyId",))),
    ("aws:kms/key:Key", ("rotationPeriodInDays",), Operation("kms", "EnableKeyRotation", filled=("KeyId",))),
    ("aws:cloudwatch/logGroup:LogGroup", ("retentionInDays",), Operation("logs", "PutRetentionPolicy",
        filled=("logGroupName",))),
    ("aws:secretsmanager/secret:Secret", ("recoveryWindowInDays",), Operation("secretsmanager", "DeleteSecret",
        filled=("SecretId",))),
    ("aws:budgets/budget:Budget", ("limitAmount", "limitUnit"), Operation("budgets", "CreateBudget", {
        "limitAmount": "Amount", "limitUnit": "Unit"}, "Budget.BudgetLimit")),
    ("aws:budgets/budget:Budget", ("notifications",), Operation("budgets", "CreateBudget", {
        "subscriberEmailAddresses": None}, "NotificationsWithSubscribers.Notification")),
)  # fmt: skip

# Types whose whole content is a switch or goes to operations that take it as an attribute map, or that only adopt.
UNMAPPED: dict[str, str] = {
    "aws:ebs/encryptionByDefault:EncryptionByDefault": "an operation without inputs",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "adopts what the VPC brought",
    "aws:sns/topicPolicy:TopicPolicy": "an attribute's value; the document has its own tests",
}


@dataclass
class Report:
    """What was found wrong, and how much was looked at."""

    wrong: list[str] = field(default_factory=list)
    checked: int = 0
    skipped: set[str] = field(default_factory=set)


@cache
def _model(service: str) -> botocore.model.ServiceModel:
    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(service, "service-2"), service)


def check(graph: Graph) -> Report:
    """Check every AWS input of a graph."""
    report = Report()
    for one in graph.of_aws():
        wanted = OPERATIONS.get(one.type)
        where = f"{one.type} {one.name}"
        for _, keys, further in (line for line in FURTHER if line[0] == one.type):
            for inputs in _blocks({key: one.inputs[key] for key in keys if key in one.inputs}):
                _operation(further, inputs, where, report)
        if wanted is not None:
            _operation(wanted, one.inputs, where, report)
        elif one.type not in UNMAPPED:
            report.wrong.append(f"{one.type} is neither mapped nor listed as unmapped")
    sent = {f"{kind}.{key}" for kind, keys, _ in FURTHER for key in keys}
    report.skipped -= sent
    return report


def _blocks(inputs: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The inputs themselves, or what the only one of them holds when it is a block or a list of blocks."""
    (first, *more) = inputs.values() or (None,)
    if more or not isinstance(first, dict | list):
        return [inputs] if inputs else []
    return first if isinstance(first, list) else [first]


def _operation(wanted: Operation, inputs: Mapping[str, Any], where: str, report: Report) -> None:
    shape = _model(wanted.service).operation_model(wanted.name).input_shape
    for member in filter(None, wanted.inside.split(".")):
        shape = shape.members[member]
        shape = shape.member if shape.type_name == "list" else shape
    _Checker(wanted, report).structure(shape, inputs, where)


class _Checker:
    def __init__(self, wanted: Operation, report: Report) -> None:
        self._wanted, self._report = wanted, report

    def structure(self, shape: Any, inputs: Mapping[str, Any], where: str) -> None:
        given: set[str] = set()
        for key, value in inputs.items():
            member = self._member(shape, key)
            if member is None:
                self._report.skipped.add(f"{where.partition(' ')[0]}.{key}")
                continue
            given.add(member)
            self.value(shape.members[member], value, f"{where}.{key}")
        filled = {*self._wanted.filled, *_FLATTENED}
        missing = set(shape.required_members) - given - filled
        if missing and not _locates(shape, missing):
            self._report.wrong.append(f"{where}: {sorted(missing)} is required")

    def _member(self, shape: Any, key: str) -> str | None:
        if key in self._wanted.names and self._wanted.names[key] is None:
            return None
        # A spelling of ours counts where the structure has it: `name` of a rule is not `name` of the resource.
        wanted = self._wanted.names.get(key) or key
        by_lower = {name.lower(): name for name in shape.members}
        for spelling in (
            *wanted.split("|"),
            key,
            f"{key}s",
            key.removesuffix("s"),
            "TagSpecifications" if key == "tags" else key,
        ):
            if spelling.lower() in by_lower:
                return by_lower[spelling.lower()]
        return None

    def value(self, shape: Any, value: Any, where: str) -> None:
        kind = shape.type_name
        if shape.name.startswith("TagSpecification"):
            return
        self._report.checked += 1
        if kind in ("structure", "map") and isinstance(value, list):  # the provider's blocks are lists, of one here
            (value,) = value
        if kind == "structure":
            self.structure(shape, value, where)
        elif kind == "list":
            for part in _as_list(shape, value):
                self.value(shape.member, part, where)
        elif kind == "map":
            for key, part in value.items():
                self.value(shape.key, key, where)
                self.value(shape.value, part, where)
        else:
            self._report.wrong += [f"{where} is {value!r}: {fault}" for fault in _faults(shape, value)]


# Required members that name the owner and stand beside the member that is checked.
_FLATTENED = ("Bucket", "AccountId")


def _locates(shape: Any, missing: set[str]) -> bool:
    """Members that name the thing itself travel in the address, not in the inputs."""
    return all(shape.members[name].serialization.get("location") in ("uri", "header") for name in missing)


def _as_list(shape: Any, value: Any) -> list[Any]:
    members = {name.lower(): name for name in getattr(shape.member, "members", {})}
    for key_name, value_name in (("key", "value"), ("tagkey", "tagvalue")):  # a map there is a list of pairs here
        if isinstance(value, dict) and set(members) == {key_name, value_name}:
            return [{members[key_name]: key, members[value_name]: part} for key, part in value.items()]
    return value if isinstance(value, list) else [value]


def _faults(shape: Any, value: Any) -> Iterator[str]:
    kind, limits = shape.type_name, shape.metadata
    if kind in ("integer", "long", "float", "double"):
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.\d+)?", str(value)):  # the SDK has some as text
            yield f"must be a number, {shape.name}"
            return
        yield from _range(float(value), limits)
    elif kind == "boolean":
        if not isinstance(value, bool):
            yield f"must be true or false, {shape.name}"
    elif kind == "string":
        yield from _text_faults(shape, str(value), limits)


def _text_faults(shape: Any, value: str, limits: Mapping[str, Any]) -> Iterator[str]:
    if limits.get("enum") and value not in limits["enum"]:
        yield f"must be one of {limits['enum']}, {shape.name}"
    yield from _range(len(value), limits)
    if "pattern" in limits and not _python_pattern(limits["pattern"]).fullmatch(value):
        yield f"must match {limits['pattern']}, {shape.name}"


def _range(number: float, limits: Mapping[str, Any]) -> Iterator[str]:
    if "min" in limits and number < limits["min"]:
        yield f"must be at least {limits['min']}"
    if "max" in limits and number > limits["max"]:
        yield f"must be at most {limits['max']}"


@cache
def _python_pattern(pattern: str) -> re.Pattern[str]:
    """The models' patterns are Java's: its classes in Python's words, its flags to the front."""
    words = {r"\p{L}": "A-Za-z", r"\p{M}": "", r"\p{Z}": " ", r"\p{S}": "+=$^~|<>", r"\p{N}": "0-9",
             r"\p{P}": r"!-/:-@\[-`{-~"}  # fmt: skip
    for java, python in words.items():
        pattern = pattern.replace(java, python)
    flags = re.DOTALL | (re.IGNORECASE if "(?i)" in pattern else 0)
    return re.compile(re.sub(r"\(\?[a-z]\)", "", pattern), flags)
