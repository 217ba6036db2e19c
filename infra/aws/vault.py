"""Recovery points of the data volumes: AWS Backup, locked, with a copy in the second region."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.aws import documents
from infra.aws.component import Component, Context

SELECTED = {"Backup": "daily"}  # the tag of a volume that wants recovery points
_CHANGEABLE_DAYS = 3  # the least AWS allows; after that not even the account's owner can shorten the lock
_MANAGED = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
_MANAGED_RESTORE = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores"


@dataclass(frozen=True, kw_only=True)
class VaultArgs:
    """The keys of both vaults, and who hears of a recovery point that was not made."""

    key_arn: pulumi.Input[str]
    replica_key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]


class Vault(Component):
    """Outputs: `name`."""

    def __init__(self, name: str, args: VaultArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Vault", name, context, parent)
        here = self._vault("volumes", args.key_arn)
        there = self._vault("volumes-replica", args.replica_key_arn, elsewhere=True)
        self._accept_copies(there)
        self._report(here, args.topic_arn)
        self._plan(here, there)
        self.register_outputs({"name": here.name})

    def _vault(self, name: str, key_arn: pulumi.Input[str], *, elsewhere: bool = False) -> aws.backup.Vault:
        vault = aws.backup.Vault(
            name,
            name=naming.physical(self.settings, name),
            kms_key_arn=key_arn,
            force_destroy=self.settings.throwaway,
            tags=self.tags(name),
            opts=self.child(aws.backup.Vault, name, elsewhere=elsewhere),
        )
        if not self.settings.throwaway:
            aws.backup.VaultLockConfiguration(
                name,
                backup_vault_name=vault.name,
                min_retention_days=self.settings.backup_keep_days,
                max_retention_days=self.settings.backup_monthly_keep_days,
                changeable_for_days=_CHANGEABLE_DAYS,
                opts=self.child(aws.backup.VaultLockConfiguration, name, elsewhere=elsewhere),
            )
        return vault

    def _accept_copies(self, there: aws.backup.Vault) -> None:
        """Across accounts AWS Backup copies within one organization only, and into vaults that let it."""
        if self.settings.backup_account_id:
            aws.backup.VaultPolicy(
                "volumes-replica",
                backup_vault_name=there.name,
                policy=documents.accept_copies(self.settings.account_id),
                opts=self.child(aws.backup.VaultPolicy, "volumes-replica", elsewhere=True),
            )

    def _report(self, vault: aws.backup.Vault, topic_arn: pulumi.Input[str]) -> None:
        aws.backup.VaultNotifications(
            "volumes",
            backup_vault_name=vault.name,
            backup_vault_events=["BACKUP_JOB_FAILED", "COPY_JOB_FAILED", "RESTORE_JOB_COMPLETED"],
            sns_topic_arn=topic_arn,
            opts=self.child(aws.backup.VaultNotifications, "volumes"),
        )

    def _plan(self, here: aws.backup.Vault, there: aws.backup.Vault) -> None:
        keep: aws.backup.PlanRuleLifecycleArgsDict = {"delete_after": self.settings.backup_keep_days}
        copied: aws.backup.PlanRuleCopyActionArgsDict = {
            "destination_vault_arn": there.arn,
            "lifecycle": {"delete_after": self.settings.backup_keep_days},
        }
        plan = aws.backup.Plan(
            "volumes",
            name=naming.physical(self.settings, "volumes"),
            rules=[
                {
                    "rule_name": "daily",
                    "target_vault_name": here.name,
                    "schedule": "cron(30 1 * * ? *)",  # before the databases' own full backup at 02:00 UTC
                    "start_window": 60,
                    "completion_window": 360,
                    "lifecycle": keep,
                    "copy_actions": [copied],
                }
            ],
            tags=self.tags("volumes"),
            opts=self.child(aws.backup.Plan, "volumes"),
        )
        role = self._role()
        wanted = {**SELECTED, "Environment": self.settings.environment}
        aws.backup.Selection(
            "volumes",
            name="tagged-volumes",
            iam_role_arn=role.arn,
            plan_id=plan.id,
            # Tags listed one by one are alternatives; conditions are what must all hold.
            resources=[f"arn:aws:ec2:{self.settings.region}:{self.settings.account_id}:volume/*"],
            conditions=[
                {"string_equals": [{"key": f"aws:ResourceTag/{key}", "value": wanted[key]} for key in sorted(wanted)]}
            ],
            opts=self.child(aws.backup.Selection, "volumes"),
        )

    def _role(self) -> aws.iam.Role:
        role = aws.iam.Role(
            "recovery",
            name=naming.physical(self.settings, "recovery"),
            description="AWS Backup makes and restores recovery points of volumes",
            assume_role_policy=documents.trust("backup.amazonaws.com"),
            tags=self.tags("recovery"),
            opts=self.child(aws.iam.Role, "recovery"),
        )
        for name, arn in {"recovery-backup": _MANAGED, "recovery-restore": _MANAGED_RESTORE}.items():
            aws.iam.RolePolicyAttachment(
                name, role=role.name, policy_arn=arn, opts=self.child(aws.iam.RolePolicyAttachment, name)
            )
        return role
