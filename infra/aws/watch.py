"""What is recorded and who hears of it: the audit trail, its alarms, the hosts' alarms, the budget."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.aws import documents
from infra.aws.component import Component, Context

_METRICS = "Boka/Audit"
# What the trail is searched for; one event of each alarms. Source: CIS AWS Foundations Benchmark, section 4.
SUSPICIOUS: dict[str, str] = {
    "root-user": '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && '
    '$.eventType != "AwsServiceEvent" }',
    "console-without-mfa": '{ $.eventName = "ConsoleLogin" && $.additionalEventData.MFAUsed != "Yes" && '
    '$.responseElements.ConsoleLogin = "Success" }',
    "key-disabled": '{ $.eventSource = "kms.amazonaws.com" && ($.eventName = "DisableKey" || '
    '$.eventName = "ScheduleKeyDeletion") }',
    "trail-changed": '{ $.eventName = "StopLogging" || $.eventName = "DeleteTrail" || $.eventName = "UpdateTrail" }',
    "bucket-policy-changed": '{ $.eventSource = "s3.amazonaws.com" && ($.eventName = "PutBucketPolicy" || '
    '$.eventName = "DeleteBucketPolicy" || $.eventName = "PutBucketLifecycle") }',
    "security-group-changed": '{ $.eventName = "AuthorizeSecurityGroupIngress" || '
    '$.eventName = "AuthorizeSecurityGroupEgress" || $.eventName = "CreateSecurityGroup" }',
}


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """`key_arn` encrypts the topic."""

    key_arn: pulumi.Input[str]


class Alarms(Component):
    """The topic to which everything reports, and the budget. Outputs: `topic_arn`."""

    def __init__(self, name: str, args: AlarmsArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Alarms", name, context, parent)
        topic = aws.sns.Topic(
            "alarms",
            name=naming.physical(self.settings, "alarms"),
            kms_master_key_id=args.key_arn,
            tags=self.tags("alarms"),
            opts=self.child(aws.sns.Topic, "alarms"),
        )
        self.topic_arn = topic.arn
        account = self.settings.account_id
        aws.sns.TopicPolicy(
            "alarms",
            arn=topic.arn,
            policy=topic.arn.apply(lambda arn: documents.publish(arn, account)),
            opts=self.child(aws.sns.TopicPolicy, "alarms"),
        )
        aws.sns.TopicSubscription(
            "mail",
            topic=topic.arn,
            protocol="email",
            endpoint=self.settings.alert_email,
            opts=self.child(aws.sns.TopicSubscription, "mail"),
        )
        self._budget()
        self.register_outputs({"topic_arn": self.topic_arn})

    def _budget(self) -> None:
        told: list[aws.budgets.BudgetNotificationArgsDict] = [
            {
                "comparison_operator": "GREATER_THAN",
                "threshold": percent,
                "threshold_type": "PERCENTAGE",
                "notification_type": kind,
                "subscriber_email_addresses": [self.settings.alert_email],
            }
            for percent, kind in ((80, "ACTUAL"), (100, "ACTUAL"), (100, "FORECASTED"))
        ]
        aws.budgets.Budget(
            "month",
            name=naming.physical(self.settings, "month"),
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(self.settings.budget_usd),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": [f"user:Environment${self.settings.environment}"]}],
            notifications=told,
            tags=self.tags("month"),
            opts=self.child(aws.budgets.Budget, "month"),
        )


@dataclass(frozen=True, kw_only=True)
class AuditArgs:
    """Where the trail is kept, under which key, and who hears of what it shows."""

    log_bucket: pulumi.Input[str]
    log_bucket_policy: pulumi.Resource
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]


class Audit(Component):
    """Every call to the account, kept, checked for tampering, searched."""

    def __init__(self, name: str, args: AuditArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Audit", name, context, parent)
        self._args = args
        self._group = aws.cloudwatch.LogGroup(
            "trail",
            name=f"/boka/{self.settings.environment}/trail",
            retention_in_days=self.settings.log_keep_days,
            kms_key_id=args.key_arn,
            tags=self.tags("trail"),
            opts=self.child(aws.cloudwatch.LogGroup, "trail"),
        )
        self._trail()
        for what, pattern in SUSPICIOUS.items():
            self._alarm(what, pattern)
        self.register_outputs({})

    def _trail(self) -> None:
        aws.cloudtrail.Trail(
            "trail",
            name=naming.physical(self.settings, "trail"),
            s3_bucket_name=self._args.log_bucket,
            s3_key_prefix="trail",
            kms_key_id=self._args.key_arn,
            cloud_watch_logs_group_arn=pulumi.Output.concat(self._group.arn, ":*"),
            cloud_watch_logs_role_arn=self._role().arn,
            enable_log_file_validation=True,
            include_global_service_events=True,
            is_multi_region_trail=True,
            enable_logging=True,
            tags=self.tags("trail"),
            opts=self.child(aws.cloudtrail.Trail, "trail", after=[self._args.log_bucket_policy]),
        )

    def _role(self) -> aws.iam.Role:
        role = aws.iam.Role(
            "trail",
            name=naming.physical(self.settings, "trail"),
            description="CloudTrail writes its log group",
            assume_role_policy=documents.trust("cloudtrail.amazonaws.com"),
            tags=self.tags("trail"),
            opts=self.child(aws.iam.Role, "trail"),
        )
        aws.iam.RolePolicy(
            "trail",
            name="write",
            role=role.name,
            policy=self._group.arn.apply(documents.write_log_group),
            opts=self.child(aws.iam.RolePolicy, "trail"),
        )
        return role

    def _alarm(self, what: str, pattern: str) -> None:
        aws.cloudwatch.LogMetricFilter(
            what,
            name=naming.physical(self.settings, what),
            log_group_name=self._group.name,
            pattern=pattern,
            metric_transformation={"name": what, "namespace": _METRICS, "value": "1", "default_value": "0"},
            opts=self.child(aws.cloudwatch.LogMetricFilter, what),
        )
        aws.cloudwatch.MetricAlarm(
            what,
            name=naming.physical(self.settings, what),
            alarm_description=f"The audit trail shows: {what}.",
            namespace=_METRICS,
            metric_name=what,
            statistic="Sum",
            period=300,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            treat_missing_data="notBreaching",
            alarm_actions=[self._args.topic_arn],
            tags=self.tags(what),
            opts=self.child(aws.cloudwatch.MetricAlarm, what),
        )


@dataclass(frozen=True, kw_only=True)
class HostAlarmsArgs:
    """What is watched, by name, and who hears of it."""

    instance_ids: Mapping[str, pulumi.Input[str]]
    topic_arn: pulumi.Input[str]
    load_balancer: pulumi.Input[str]
    target_groups: Mapping[str, pulumi.Input[str]]


class HostAlarms(Component):
    """A host that AWS itself sees fail, and an edge that the load balancer sees fail."""

    def __init__(self, name: str, args: HostAlarmsArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("HostAlarms", name, context, parent)
        self._topic = args.topic_arn
        for host, instance_id in args.instance_ids.items():
            self._status(host, instance_id)
        for port, target_group in args.target_groups.items():
            self._unhealthy(port, args.load_balancer, target_group)
        self.register_outputs({})

    def _status(self, host: str, instance_id: pulumi.Input[str]) -> None:
        aws.cloudwatch.MetricAlarm(
            host,
            name=naming.physical(self.settings, f"{host}-status"),
            alarm_description=f"AWS sees {host} fail its status checks; its hardware is being replaced by a restart.",
            namespace="AWS/EC2",
            metric_name="StatusCheckFailed_System",
            dimensions={"InstanceId": instance_id},
            statistic="Maximum",
            period=60,
            evaluation_periods=2,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            treat_missing_data="missing",
            # The instance moves to other hardware with its volumes, its address and its id.
            alarm_actions=[f"arn:aws:automate:{self.settings.region}:ec2:recover", self._topic],
            tags=self.tags(host),
            opts=self.child(aws.cloudwatch.MetricAlarm, host),
        )

    def _unhealthy(self, port: str, load_balancer: pulumi.Input[str], target_group: pulumi.Input[str]) -> None:
        name = f"edges-{port}"
        aws.cloudwatch.MetricAlarm(
            name,
            name=naming.physical(self.settings, name),
            alarm_description=f"The load balancer leaves an edge out ({port}): drained, or no answer to /edge-health.",
            namespace="AWS/NetworkELB",
            metric_name="UnHealthyHostCount",
            dimensions={"LoadBalancer": load_balancer, "TargetGroup": target_group},
            statistic="Maximum",
            period=60,
            evaluation_periods=3,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            treat_missing_data="breaching",
            alarm_actions=[self._topic],
            tags=self.tags(name),
            opts=self.child(aws.cloudwatch.MetricAlarm, name),
        )
