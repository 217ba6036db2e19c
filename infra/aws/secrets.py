"""The places where secrets lie in AWS. Their values are written by the secret driver, never by Pulumi."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.aws.component import Component, Context

ENTRIES: dict[str, str] = {
    "database": "passwords of the database's roles",
    "auth": "what signs sessions and opens the first account",
    "external": "what the platform shows to its providers",
}
_RECOVERY_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class SecretsArgs:
    """`key_arn` encrypts all entries."""

    key_arn: pulumi.Input[str]


class Secrets(Component):
    """Outputs: `arns` by entry."""

    def __init__(self, name: str, args: SecretsArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Secrets", name, context, parent)
        self.arns = {entry: self._entry(entry, args).arn for entry in ENTRIES}
        self.register_outputs({"arns": self.arns})

    def _entry(self, entry: str, args: SecretsArgs) -> aws.secretsmanager.Secret:
        return aws.secretsmanager.Secret(
            entry,
            name=naming.secret(self.settings, entry),
            description=f"Boka {self.settings.environment}: {ENTRIES[entry]}",
            kms_key_id=args.key_arn,
            recovery_window_in_days=0 if self.settings.throwaway else _RECOVERY_DAYS,
            tags=self.tags(entry),
            opts=self.child(aws.secretsmanager.Secret, entry),
        )
