"""API tokens of Cloudflare, one a purpose, each with the least that it needs; their values lie in Secrets Manager.

The only secrets that Pulumi writes: no human and no driver knows them before Cloudflare has made them.
"""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_cloudflare as cloudflare

from infra import naming
from infra.aws.component import Component, Context
from infra.cloud_settings import CloudSettings
from infra.cloudflare.permissions import GROUPS

_RECOVERY_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a token may do and, where it is for a bucket, to which; without, it is for the zone."""

    meaning: str
    groups: tuple[str, ...]
    bucket: str = ""


PURPOSES: dict[str, Purpose] = {
    "assets": Purpose(meaning="publishes assets", groups=("Workers R2 Storage Bucket Item Write",), bucket="assets"),
    "backup": Purpose(
        meaning="writes the second copy of backups", groups=("Workers R2 Storage Bucket Item Write",), bucket="backup"
    ),
    "certificates": Purpose(meaning="answers the certificate authority's challenge", groups=("DNS Write", "Zone Read")),
    "purge": Purpose(meaning="empties the cache after a release", groups=("Cache Purge",)),
}


def resource(purpose: Purpose, settings: CloudSettings) -> str:
    """The one thing that a token may act on, as Cloudflare names it."""
    if not purpose.bucket:
        return f"com.cloudflare.api.account.zone.{settings.cloudflare_zone_id}"
    bucket = naming.physical(settings, purpose.bucket)
    return f"com.cloudflare.edge.r2.bucket.{settings.cloudflare_account_id}_{settings.r2_jurisdiction}_{bucket}"


@dataclass(frozen=True, kw_only=True)
class TokensArgs:
    """`key_arn` encrypts their values."""

    key_arn: pulumi.Input[str]


class Tokens(Component):
    """Outputs: `secret_arns` by purpose."""

    def __init__(self, name: str, args: TokensArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Tokens", name, context, parent)
        self.secret_arns = {
            name: self._keep(name, self._token(name, purpose), args) for name, purpose in PURPOSES.items()
        }
        self.register_outputs({"secret_arns": self.secret_arns})

    def _token(self, name: str, purpose: Purpose) -> cloudflare.AccountToken:
        groups: list[cloudflare.AccountTokenPolicyPermissionGroupArgsDict] = [
            {"id": found} for found in sorted(GROUPS[group] for group in purpose.groups)
        ]
        return cloudflare.AccountToken(
            name,
            account_id=self.settings.cloudflare_account_id,
            name=naming.physical(self.settings, name),
            status="active",
            expires_on=f"{self.settings.tokens_end_on}T00:00:00Z",
            policies=[
                {
                    "effect": "allow",
                    "permission_groups": groups,
                    "resources": json.dumps({resource(purpose, self.settings): "*"}),
                }
            ],
            opts=self.child(cloudflare.AccountToken, name),
        )

    def _keep(self, name: str, token: cloudflare.AccountToken, args: TokensArgs) -> pulumi.Output[str]:
        entry = f"cloudflare-{name}"
        secret = aws.secretsmanager.Secret(
            entry,
            name=naming.secret(self.settings, f"cloudflare/{name}"),
            description=f"Boka {self.settings.environment}: token that {PURPOSES[name].meaning}",
            kms_key_id=args.key_arn,
            recovery_window_in_days=0 if self.settings.throwaway else _RECOVERY_DAYS,
            tags=self.tags(entry),
            opts=self.child(aws.secretsmanager.Secret, entry),
        )
        # R2 speaks S3: the access key is the token's id, the secret key the SHA-256 of its value.
        both = pulumi.Output.all(token.id, token.value)
        aws.secretsmanager.SecretVersion(
            entry,
            secret_id=secret.id,
            secret_string=pulumi.Output.secret(
                both.apply(lambda found: json.dumps({"id": found[0], "value": found[1]}))
            ),
            opts=self.child(aws.secretsmanager.SecretVersion, entry),
        )
        return secret.arn
