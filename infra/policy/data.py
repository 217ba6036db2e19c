"""Rules about what is kept on AWS: encryption, versions, locks, copies, and that nobody outside reaches it."""

from infra.policy.access import Statement, statements
from infra.policy.model import Resource, Stack, at, first_bad, items, shown

_ON, _OFF = True, False
_SHUT = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_LEAST_DELETION_DAYS = 14
_LEAST_RECOVERY_DAYS = 7


def _holds(value: object, least: int) -> bool:
    return isinstance(value, int) and value >= least


def _needs(stack: Stack, bucket: Resource, kind: str) -> Resource | None:
    found = stack.about(bucket, kind, "bucket")
    return found[0] if found else None


def _is_backup(one: Resource) -> bool:
    name = one.get("bucket") or one.name
    return "backup" in name or "replica" in name


def _denies_plain(part: Statement) -> bool:
    whom = (part.get("Effect"), part.get("Principal"), part.get("Action"))
    to_all = whom in (("Deny", "*", "s3:*"), ("Deny", {"AWS": "*"}, "s3:*"))
    return to_all and at(part, "Condition.Bool.aws:SecureTransport") == "false"


def volume_is_encrypted(one: Resource, _: Stack) -> str:
    """A data volume is encrypted."""
    return one.must("encrypted", _ON)


def volume_has_our_key(one: Resource, _: Stack) -> str:
    """A data volume is encrypted with a key of ours, which we can take away."""
    return one.must("kmsKeyId")


def volume_leaves_a_snapshot(one: Resource, _: Stack) -> str:
    """A data volume leaves a snapshot when it goes."""
    return one.must("finalSnapshot", _ON)


def volume_is_backed_up(one: Resource, _: Stack) -> str:
    """A data volume has the tag by which the backup plan finds it."""
    return one.must("tags.Backup")


def root_disk_is_encrypted(one: Resource, _: Stack) -> str:
    """A host's root disk is encrypted."""
    return one.must("rootBlockDevice.encrypted", _ON)


def new_volumes_are_encrypted(one: Resource, _: Stack) -> str:
    """The account encrypts every new volume, whoever makes it."""
    return one.must("enabled", _ON)


def snapshots_are_not_shared(one: Resource, _: Stack) -> str:
    """No snapshot of the account can be made public."""
    return one.must("state", "block-all-sharing")


def account_has_no_public_bucket(one: Resource, _: Stack) -> str:
    """No bucket of the account can be made public."""
    return first_bad(_SHUT, lambda key: one.must(key, _ON))


def bucket_keeps_versions(one: Resource, stack: Stack) -> str:
    """A bucket keeps what is overwritten and deleted."""
    versioning = _needs(stack, one, "BucketVersioning")
    return (
        versioning.must("versioningConfiguration.status", "Enabled") if versioning else "no BucketVersioning names it"
    )


def bucket_is_not_public(one: Resource, stack: Stack) -> str:
    """A bucket refuses to become public, by list or by policy."""
    block = _needs(stack, one, "BucketPublicAccessBlock")
    return first_bad(_SHUT, lambda key: block.must(key, _ON)) if block else "no BucketPublicAccessBlock names it"


def bucket_speaks_tls_only(one: Resource, stack: Stack) -> str:
    """A bucket answers nobody who does not speak TLS."""
    policy = _needs(stack, one, "BucketPolicy")
    if policy is None:
        return "no BucketPolicy names it"
    found = any(_denies_plain(part) for part in statements(policy, "policy"))
    return "" if found else "its policy does not deny s3:* to everyone on aws:SecureTransport false"


def bucket_is_encrypted(one: Resource, stack: Stack) -> str:
    """A bucket encrypts what it is given."""
    encryption = _needs(stack, one, "BucketServerSideEncryptionConfiguration")
    if encryption is None:
        return "no BucketServerSideEncryptionConfiguration names it"
    found = [at(rule, "applyServerSideEncryptionByDefault.sseAlgorithm") for rule in encryption.items("rules")]
    return "" if found and all(found) else "its rules name no algorithm"


def bucket_is_tidied(one: Resource, stack: Stack) -> str:
    """A bucket lets old versions and broken uploads go, else they cost for ever."""
    lifecycle = _needs(stack, one, "BucketLifecycleConfiguration")
    if lifecycle is None:
        return "no BucketLifecycleConfiguration names it"
    rules = lifecycle.items("rules")
    for key in ("abortIncompleteMultipartUpload", "noncurrentVersionExpiration"):
        if not any(at(rule, key) for rule in rules):
            return f"no lifecycle rule has {key}"
    return ""


def bucket_has_one_owner(one: Resource, stack: Stack) -> str:
    """A bucket's objects belong to its owner, so that policies alone decide."""
    controls = _needs(stack, one, "BucketOwnershipControls")
    return controls.must("rule.objectOwnership", "BucketOwnerEnforced") if controls else "no BucketOwnershipControls"


def bucket_access_is_logged(one: Resource, stack: Stack) -> str:
    """Who reads a bucket is logged, but for the log bucket itself and the replica, whose region has none."""
    if one.name in ("logs", "replica"):
        return ""
    log = _needs(stack, one, "BucketLogging")
    if log is None:
        return "no BucketLogging names it"
    return "" if log.refers.get("targetBucket") else log.must("targetBucket")


def bucket_is_not_emptied(one: Resource, _: Stack) -> str:
    """A bucket that is not empty is not deleted."""
    return one.must("forceDestroy", _OFF, None)


def backups_are_write_once(one: Resource, stack: Stack) -> str:
    """A backup bucket's objects cannot be deleted before their time, by nobody."""
    if not _is_backup(one):
        return ""
    lock = _needs(stack, one, "BucketObjectLockConfiguration")
    if lock is None or one.get("objectLockEnabled") is not True:
        return "its objects are not locked"
    kept = lock.get("rule.defaultRetention.days") or lock.get("rule.defaultRetention.years")
    return lock.must("rule.defaultRetention.mode", "COMPLIANCE") or ("" if kept else "its lock has no time")


def backups_have_a_replica(one: Resource, stack: Stack) -> str:
    """A backup bucket is copied to another region."""
    if "backup" not in (one.get("bucket") or one.name) or "replica" in one.name:
        return ""
    return "" if _needs(stack, one, "BucketReplicationConfig") else "no BucketReplicationConfig names it"


def deletions_are_not_replicated(one: Resource, _: Stack) -> str:
    """A deletion in the original does not become one in the replica."""

    def copied(rule: object) -> str:
        status = at(rule, "deleteMarkerReplication.status")
        return "" if status == "Disabled" else f"deleteMarkerReplication.status is {shown(status)}"

    return first_bad(one.items("rules"), copied)


def key_rotates(one: Resource, _: Stack) -> str:
    """A KMS key is rotated each year or oftener."""
    return one.must("enableKeyRotation", _ON)


def key_waits_before_it_goes(one: Resource, _: Stack) -> str:
    """A KMS key waits two weeks or longer before it is gone, and all that it encrypted with it."""
    days = one.get("deletionWindowInDays")
    return "" if days is None or _holds(days, _LEAST_DELETION_DAYS) else f"deletionWindowInDays is {shown(days)}"


def secret_has_our_key(one: Resource, _: Stack) -> str:
    """A secret is encrypted with a key of ours."""
    return one.must("kmsKeyId")


def secret_can_be_recovered(one: Resource, _: Stack) -> str:
    """A deleted secret can be recovered for a week or longer."""
    days = one.get("recoveryWindowInDays")
    return "" if days is None or _holds(days, _LEAST_RECOVERY_DAYS) else f"recoveryWindowInDays is {shown(days)}"


def vault_has_our_key(one: Resource, _: Stack) -> str:
    """A vault of recovery points is encrypted with a key of ours."""
    return one.must("kmsKeyArn")


def vault_is_locked(one: Resource, stack: Stack) -> str:
    """A vault's recovery points cannot be deleted before their time, by nobody."""
    locks = stack.about(one, "VaultLockConfiguration", "backupVaultName")
    if not locks:
        return "no VaultLockConfiguration names it"
    if not _holds(locks[0].get("minRetentionDays"), 1):
        return "its lock has no minRetentionDays"
    return "" if locks[0].get("changeableForDays") else "its lock can be lifted (changeableForDays is not set)"


def recovery_points_are_made(one: Resource, stack: Stack) -> str:
    """Volumes get recovery points by a plan that selects them."""
    plans = stack.of("Plan")
    if not plans:
        return "there is no backup Plan"
    if first_bad(plans, lambda plan: "" if plan.items("rules") else "empty"):
        return "a backup Plan has no rules"
    return "" if stack.of("Selection") else f"no Selection names plan {plans[0].name} of {one.name}"


def recovery_points_are_copied(one: Resource, _: Stack) -> str:
    """Each rule of a backup plan copies its recovery points to another region."""

    def copied(rule: object) -> str:
        return "" if items(rule, "copyActions") else f"rule {at(rule, 'ruleName')} copies nothing"

    if not one.items("rules"):
        return "it has no rules"
    return first_bad(one.items("rules"), copied)


def topic_is_encrypted(one: Resource, _: Stack) -> str:
    """A topic that carries alarms is encrypted."""
    return one.must("kmsMasterKeyId")


def log_group_forgets(one: Resource, _: Stack) -> str:
    """A log group keeps its lines for a time that somebody chose."""
    return one.must("retentionInDays")


def log_group_has_our_key(one: Resource, _: Stack) -> str:
    """A log group is encrypted with a key of ours."""
    return one.must("kmsKeyId")
