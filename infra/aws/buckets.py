"""Buckets that nobody outside reaches: the plain one, and the backup bucket that nobody can empty."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.aws import documents
from infra.aws.component import Component, Context

_ABORT_UPLOADS_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """What a bucket is for and who writes to it.

    Without `key_arn` it is encrypted by S3's own key, the only one under which S3 writes access logs. `expire_days`
    deletes objects (0: never). `log_bucket` takes its access log. `locked_days` makes it write-once for that long.
    """

    purpose: str
    key_arn: pulumi.Input[str] | None = None
    expire_days: int = 0
    noncurrent_days: int = 30
    log_bucket: pulumi.Input[str] | None = None
    takes_logs: bool = False
    locked_days: int = 0
    elsewhere: bool = False


class Bucket(Component):
    """One bucket with everything that keeps it shut. Outputs: `bucket_name`, `arn`."""

    def __init__(self, name: str, args: BucketArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Bucket", name, context, parent)
        self._args, self._name = args, name
        self.account = self.settings.backup_account if args.elsewhere else self.settings.account_id
        self.bucket_name = naming.bucket(self.settings, args.purpose, self.account)
        self.bucket = aws.s3.Bucket(
            name,
            bucket=self.bucket_name,
            object_lock_enabled=bool(self._locked_days),
            force_destroy=self.settings.throwaway,
            tags=self.tags(name),
            opts=self._options(aws.s3.Bucket),
        )
        self.arn = f"arn:aws:s3:::{self.bucket_name}"  # known before it exists, so a preview shows whole policies
        self.versioning = self._keep_versions()
        self._shut()
        self._encrypt()
        self.policy = self._guard()
        self._expire()
        self.register_outputs({"arn": self.bucket.arn})

    @property
    def _locked_days(self) -> int:
        return 0 if self.settings.throwaway else self._args.locked_days

    def _options(self, resource: type[pulumi.CustomResource], *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return self.child(resource, self._name, after=after, elsewhere=self._args.elsewhere)

    def _keep_versions(self) -> aws.s3.BucketVersioning:
        versioning = aws.s3.BucketVersioning(
            self._name,
            bucket=self.bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=self._options(aws.s3.BucketVersioning),
        )
        if self._locked_days:
            aws.s3.BucketObjectLockConfiguration(
                self._name,
                bucket=self.bucket.id,
                rule={"default_retention": {"mode": "COMPLIANCE", "days": self._locked_days}},
                opts=self._options(aws.s3.BucketObjectLockConfiguration, versioning),
            )
        return versioning

    def _shut(self) -> None:
        aws.s3.BucketPublicAccessBlock(
            self._name,
            bucket=self.bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._options(aws.s3.BucketPublicAccessBlock),
        )
        aws.s3.BucketOwnershipControls(
            self._name,
            bucket=self.bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._options(aws.s3.BucketOwnershipControls),
        )
        if self._args.log_bucket is not None:
            aws.s3.BucketLogging(
                self._name,
                bucket=self.bucket.id,
                target_bucket=self._args.log_bucket,
                target_prefix=f"access/{self._name}/",
                opts=self._options(aws.s3.BucketLogging),
            )

    def _encrypt(self) -> None:
        default: aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgsDict = {
            "sse_algorithm": "AES256"
        }
        if self._args.key_arn is not None:
            default = {"sse_algorithm": "aws:kms", "kms_master_key_id": self._args.key_arn}
        aws.s3.BucketServerSideEncryptionConfiguration(
            self._name,
            bucket=self.bucket.id,
            rules=[{"apply_server_side_encryption_by_default": default, "bucket_key_enabled": True}],
            opts=self._options(aws.s3.BucketServerSideEncryptionConfiguration),
        )

    def _guard(self) -> aws.s3.BucketPolicy:
        more = self.grants()
        key = pulumi.Output.from_input(self._args.key_arn or "")
        return aws.s3.BucketPolicy(
            self._name,
            bucket=self.bucket.id,
            policy=key.apply(lambda key_arn: documents.bucket_policy(self.arn, key_arn=key_arn, more=more)),
            opts=self._options(aws.s3.BucketPolicy),
        )

    def grants(self) -> list[documents.Statement]:
        """What others than the account's own roles may do with it."""
        if not self._args.takes_logs:
            return []
        trail = naming.physical(self.settings, "trail")
        delivered = documents.log_delivery(self.arn, self.account, region=self.settings.region, trail=trail)
        return [*delivered, documents.access_log_delivery(self.arn, self.account)]

    def _expire(self) -> None:
        aws.s3.BucketLifecycleConfiguration(
            self._name,
            bucket=self.bucket.id,
            rules=self.lifecycle_rules(),
            opts=self._options(aws.s3.BucketLifecycleConfiguration, self.versioning),
        )

    def lifecycle_rules(self) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
        """What goes when; a backup bucket adds its tiers."""
        tidy: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
            "id": "tidy",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": _ABORT_UPLOADS_DAYS},
            "noncurrent_version_expiration": {"noncurrent_days": self._args.noncurrent_days},
        }
        if not self._args.expire_days:
            return [tidy]
        return [{**tidy, "expiration": {"days": self._args.expire_days}}]


class BackupBucket(Bucket):
    """A write-once bucket whose three prefixes are kept for as long as their tier says."""

    def lifecycle_rules(self) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
        """One rule a tier: pgBackRest writes daily/, copies of the weekly and monthly full backup go beside."""
        days = self.settings
        kept = {
            "daily": days.backup_keep_days,
            "weekly": days.backup_weekly_keep_days,
            "monthly": days.backup_monthly_keep_days,
        }
        return [*super().lifecycle_rules(), *(_tier(name, keep_days) for name, keep_days in kept.items())]


class ReplicaBucket(BackupBucket):
    """The same in the second region, into which the account of the originals may replicate."""

    def grants(self) -> list[documents.Statement]:
        """Another account's replication role needs a grant here; our own has its policy."""
        if not self.settings.backup_account_id:
            return []
        role = naming.role_arn(self.settings, "replication")
        return [documents.accept_replicas(self.arn, role, self.settings.account_id)]


def _tier(name: str, keep_days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    rule: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
        "id": name,
        "status": "Enabled",
        "filter": {"prefix": f"{name}/"},
        "expiration": {"days": keep_days},
    }
    # Infrequent access bills at least 30 days and begins after 30, Glacier at least 90: shorter tiers would cost more.
    if keep_days > 30 + 90:
        rule["transitions"] = [
            {"days": 30, "storage_class": "STANDARD_IA"},
            {"days": 90, "storage_class": "GLACIER_IR"},
        ]
    return rule


@dataclass(frozen=True, kw_only=True)
class BackupBucketsArgs:
    """The keys of both ends."""

    key_arn: pulumi.Input[str]
    replica_key_arn: pulumi.Input[str]
    log_bucket: pulumi.Input[str]


class BackupBuckets(Component):
    """The backup bucket, its copy in the second region, and the replication between. Outputs: `bucket_name`, `arn`."""

    def __init__(self, name: str, args: BackupBucketsArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Backups", name, context, parent)
        days = self.settings.backup_keep_days
        here = BucketArgs(purpose="backup", key_arn=args.key_arn, locked_days=days, log_bucket=args.log_bucket)
        there = BucketArgs(purpose="replica", key_arn=args.replica_key_arn, locked_days=days, elsewhere=True)
        self.source = BackupBucket("backup", here, context=context, parent=self)
        self.target = ReplicaBucket("replica", there, context=context, parent=self)
        self.bucket_name, self.arn = self.source.bucket_name, self.source.arn
        self._replicate(args)
        self.register_outputs({"arn": self.arn})

    def _replicate(self, args: BackupBucketsArgs) -> None:
        role = self._role(args)
        another_account = self.settings.backup_account_id is not None
        owner: aws.s3.BucketReplicationConfigRuleDestinationArgsDict = {
            "bucket": self.target.bucket.arn,
            "storage_class": "STANDARD_IA",
            "encryption_configuration": {"replica_kms_key_id": args.replica_key_arn},
            "metrics": {"status": "Enabled", "event_threshold": {"minutes": 15}},
            "replication_time": {"status": "Enabled", "time": {"minutes": 15}},
        }
        if another_account:
            owner["account"] = self.settings.backup_account
            owner["access_control_translation"] = {"owner": "Destination"}
        aws.s3.BucketReplicationConfig(
            "replication",
            bucket=self.source.bucket.id,
            role=role.arn,
            rules=[
                {
                    "id": "everything",
                    "status": "Enabled",
                    "priority": 1,
                    "filter": {"prefix": ""},
                    # A deletion here must not become one there.
                    "delete_marker_replication": {"status": "Disabled"},
                    "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
                    "destination": owner,
                }
            ],
            opts=self.child(
                aws.s3.BucketReplicationConfig, "replication", after=[self.source.versioning, self.target.versioning]
            ),
        )

    def _role(self, args: BackupBucketsArgs) -> aws.iam.Role:
        role = aws.iam.Role(
            "replication",
            name=naming.physical(self.settings, "replication"),
            description="S3 copies backups to the second region",
            assume_role_policy=documents.trust("s3.amazonaws.com"),
            tags=self.tags("replication"),
            opts=self.child(aws.iam.Role, "replication"),
        )
        keys = pulumi.Output.all(args.key_arn, args.replica_key_arn)
        aws.iam.RolePolicy(
            "replication",
            name="replicate",
            role=role.name,
            policy=keys.apply(lambda both: documents.replicate(self.source.arn, both[0], self.target.arn, both[1])),
            opts=self.child(aws.iam.RolePolicy, "replication"),
        )
        return role
