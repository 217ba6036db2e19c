"""The KMS keys: one a purpose, so that a leaked permission opens one kind of data only."""

from collections.abc import Callable
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.aws import documents
from infra.aws.component import Component, Context
from infra.cloud_settings import CloudSettings

_ROTATION_DAYS = 365
_DELETION_DAYS = 30  # the longest that KMS waits, so the longest to notice


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a key is for, and what besides the account's own policies may use it."""

    name: str
    services: tuple[str, ...] = ()
    more: Callable[[CloudSettings], list[documents.Statement]] = lambda _: []
    elsewhere: bool = False


def _audit(settings: CloudSettings) -> list[documents.Statement]:
    return documents.key_for_audit(settings.region, settings.account_id)


def _replicas(settings: CloudSettings) -> list[documents.Statement]:
    if not settings.backup_account_id:
        return []  # the role's own policy is enough within one account
    return [documents.key_for_replicas(naming.role_arn(settings, "replication"), settings.account_id)]


PURPOSES = (
    Purpose(name="volumes"),
    Purpose(name="backups"),
    Purpose(name="artefacts"),
    Purpose(name="secrets"),
    # The topic of the alarms is under it too: whoever publishes must be able to encrypt.
    Purpose(name="audit", services=("backup.amazonaws.com", "cloudwatch.amazonaws.com"), more=_audit),
    Purpose(name="replica", more=_replicas, elsewhere=True),
)


class Keys(Component):
    """Outputs: `arns` by purpose."""

    def __init__(self, name: str, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Keys", name, context, parent)
        self.arns = {purpose.name: self._key(purpose).arn for purpose in PURPOSES}
        self.register_outputs({"arns": self.arns})

    def _key(self, purpose: Purpose) -> aws.kms.Key:
        account = self.settings.backup_account if purpose.elsewhere else self.settings.account_id
        key = aws.kms.Key(
            purpose.name,
            description=f"Boka {self.settings.environment}: {purpose.name}",
            enable_key_rotation=True,
            rotation_period_in_days=_ROTATION_DAYS,
            deletion_window_in_days=7 if self.settings.throwaway else _DELETION_DAYS,
            policy=documents.key_policy(account, purpose.services, purpose.more(self.settings)),
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
