"""R2 buckets: assets, which a name of ours serves, and the second copy of the backups, which nobody can empty."""

import pulumi
import pulumi_cloudflare as cloudflare

from infra import naming
from infra.aws.component import Component, Context
from infra.cloudflare import names

PURPOSES = ("assets", "backup")
_DAY_S = 24 * 3600
_ABORT_UPLOADS_S = 7 * _DAY_S
_PREFLIGHT_S = 3600
# Infrequent access bills at least 30 days: what is deleted sooner after moving would cost more.
_MOVE_DAYS = 30

_Rule = cloudflare.R2BucketLifecycleRuleArgsDict


class Storage(Component):
    """Outputs: `bucket_names` by purpose."""

    def __init__(self, name: str, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Storage", name, context, parent)
        self._account = self.settings.cloudflare_account_id
        self._jurisdiction = self.settings.r2_jurisdiction
        self.bucket_names = {purpose: self._bucket(purpose) for purpose in PURPOSES}
        if self.settings.live:
            self._name_assets()
        self._let_our_sites_read_assets()
        if not self.settings.throwaway:
            self._lock_backups()
        self.register_outputs({"bucket_names": self.bucket_names})

    def _bucket(self, purpose: str) -> pulumi.Output[str]:
        bucket = cloudflare.R2Bucket(
            purpose,
            account_id=self._account,
            name=naming.physical(self.settings, purpose),
            jurisdiction=self._jurisdiction,
            storage_class="Standard",  # `location` is left to Cloudflare: it reads back in another spelling
            opts=self.child(cloudflare.R2Bucket, purpose),
        )
        cloudflare.R2ManagedDomain(
            purpose,
            account_id=self._account,
            bucket_name=bucket.name,
            jurisdiction=self._jurisdiction,
            enabled=False,  # r2.dev would pass by the zone's rules
            opts=self.child(cloudflare.R2ManagedDomain, purpose),
        )
        cloudflare.R2BucketLifecycle(
            purpose,
            account_id=self._account,
            bucket_name=bucket.name,
            jurisdiction=self._jurisdiction,
            rules=self._backup_rules() if purpose == "backup" else [_tidy()],
            opts=self.child(cloudflare.R2BucketLifecycle, purpose),
        )
        return bucket.name

    def _name_assets(self) -> None:
        cloudflare.R2CustomDomain(
            "assets",
            account_id=self._account,
            bucket_name=self.bucket_names["assets"],
            jurisdiction=self._jurisdiction,
            zone_id=self.settings.cloudflare_zone_id,
            domain=names.of(self.settings).assets,
            enabled=True,
            min_tls="1.2",
            opts=self.child(cloudflare.R2CustomDomain, "assets"),
        )

    def _let_our_sites_read_assets(self) -> None:
        found = names.of(self.settings)
        cloudflare.R2BucketCors(
            "assets",
            account_id=self._account,
            bucket_name=self.bucket_names["assets"],
            jurisdiction=self._jurisdiction,
            rules=[
                {
                    "id": "our-sites",
                    "allowed": {
                        "methods": ["GET", "HEAD"],
                        "origins": [f"https://{name}" for name in found.every if name != found.assets],
                        "headers": [],
                    },
                    "expose_headers": ["ETag"],
                    "max_age_seconds": _PREFLIGHT_S,
                }
            ],
            opts=self.child(cloudflare.R2BucketCors, "assets"),
        )

    def _backup_rules(self) -> list[_Rule]:
        days = self.settings
        return [
            _tidy(),
            _tier("daily", days.backup_keep_days),
            _tier("weekly", days.backup_weekly_keep_days),
            _tier("monthly", days.backup_monthly_keep_days),
        ]

    def _lock_backups(self) -> None:
        cloudflare.R2BucketLock(
            "backup",
            account_id=self._account,
            bucket_name=self.bucket_names["backup"],
            jurisdiction=self._jurisdiction,
            rules=[
                {
                    "id": "write-once",
                    "enabled": True,
                    "prefix": "",
                    "condition": {"type": "Age", "max_age_seconds": self.settings.backup_keep_days * _DAY_S},
                }
            ],
            opts=self.child(cloudflare.R2BucketLock, "backup"),
        )


def _tidy() -> _Rule:
    return {
        "id": "tidy",
        "enabled": True,
        "conditions": {"prefix": ""},
        "abort_multipart_uploads_transition": {"condition": {"type": "Age", "max_age": _ABORT_UPLOADS_S}},
    }


def _tier(name: str, keep_days: int) -> _Rule:
    rule: _Rule = {
        "id": name,
        "enabled": True,
        "conditions": {"prefix": f"{name}/"},
        "delete_objects_transition": {"condition": {"type": "Age", "max_age": keep_days * _DAY_S}},
    }
    if keep_days >= 2 * _MOVE_DAYS:
        moved: cloudflare.R2BucketLifecycleRuleStorageClassTransitionArgsDict = {
            "condition": {"type": "Age", "max_age": _MOVE_DAYS * _DAY_S},
            "storage_class": "InfrequentAccess",
        }
        rule["storage_class_transitions"] = [moved]
    return rule
