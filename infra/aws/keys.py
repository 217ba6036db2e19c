"""The KMS keys: one a purpose, so that a leaked permission opens one kind of data only."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.aws import documents
from infra.aws.component import Component, Context

_ROTATION_DAYS = 365
_DELETION_DAYS = 30  # the longest that KMS waits, so the longest to notice


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a key is for, which services use it by themselves, whether CloudWatch's log groups do."""

    name: str
    services: tuple[str, ...] = ()
    log_groups: bool = False
    elsewhere: bool = False


PURPOSES = (
    Purpose(name="volumes"),
    Purpose(name="backups"),
    Purpose(name="artefacts"),
    Purpose(name="secrets"),
    Purpose(
        name="audit",
        services=(
            "cloudtrail.amazonaws.com",
            "delivery.logs.amazonaws.com",
            "cloudwatch.amazonaws.com",
            "budgets.amazonaws.com",
            "sns.amazonaws.com",
            "backup.amazonaws.com",
        ),
        log_groups=True,
    ),
    Purpose(name="replica", elsewhere=True),
)


class Keys(Component):
    """Outputs: `arns` by purpose."""

    def __init__(self, name: str, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Keys", name, context, parent)
        self.arns = {purpose.name: self._key(purpose).arn for purpose in PURPOSES}
        self.register_outputs({"arns": self.arns})

    def _key(self, purpose: Purpose) -> aws.kms.Key:
        account = self.settings.backup_account if purpose.elsewhere else self.settings.account_id
        region = self.settings.region if purpose.log_groups else ""
        key = aws.kms.Key(
            purpose.name,
            description=f"Boka {self.settings.environment}: {purpose.name}",
            enable_key_rotation=True,
            rotation_period_in_days=_ROTATION_DAYS,
            deletion_window_in_days=7 if self.settings.throwaway else _DELETION_DAYS,
            policy=documents.key_policy(account, purpose.services, logs_region=region),
            tags=self.tags(purpose.name),
            opts=self.child(aws.kms.Key, purpose.name, elsewhere=purpose.elsewhere),
        )
        aws.kms.Alias(
            purpose.name,
            name=f"alias/{naming.physical(self.settings, purpose.name)}",
            target_key_id=key.id,
            opts=self.child(aws.kms.Alias, purpose.name, elsewhere=purpose.elsewhere),
        )
        return key
