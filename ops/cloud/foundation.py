"""What must be in the account before Pulumi can keep a cloud stack's state there: a KMS key, a bucket, a sealed key.

Each need looks first, so a second run makes nothing and a run that stopped halfway is completed by the next.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.aws import documents
from infra.files import write_atomically
from ops.cloud import backend
from ops.cloud.aws import Aws, AwsRefused
from ops.cloud.backend import Backend
from ops.errors import Refused
from ops.stacks import Stack

_ABORT_UPLOADS_DAYS = 7
# Every update of a stack leaves a version of its state: the way back after a mistake, for as long as one may be found.
_NONCURRENT_DAYS = 90
_SHUT = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
_NO_BUCKET = frozenset({"404", "NoSuchBucket"})
_CONFIG_LINE = "config:"


@dataclass(frozen=True, kw_only=True)
class Place:
    """The stack that gets a place for its state, the place, and the AWS that it is in."""

    stack: Stack
    backend: Backend
    aws: Aws


@dataclass(frozen=True, kw_only=True)
class Need:
    """One thing that must be so: what making it so is called, whether it is, how it is made so."""

    what: Callable[[Backend], str]
    is_met: Callable[[Place], bool]
    make: Callable[[Place], object]


class BucketTaken(Refused):
    """Somebody else's account has a bucket of the name that ours must have."""

    def __init__(self, bucket: str) -> None:
        super().__init__(f"bucket {bucket} belongs to another account, or yours may not look at it. Nothing was made.")


class KeyUnusable(Refused):
    """The key is disabled, or about to be deleted."""

    def __init__(self, alias: str, state: str) -> None:
        super().__init__(
            f"KMS key {alias} is {state}; what it encrypted cannot be read so. Nothing was made. "
            f"Bring it back: aws kms cancel-key-deletion, aws kms enable-key"
        )


def unmet(place: Place) -> list[Need]:
    """Return what is still to be made, in the order of making. Changes nothing.

    Raises:
        BucketTaken: the bucket is another account's.
        KeyUnusable: the key is there and does not work.
    """
    return [need for need in NEEDS if not need.is_met(place)]


def _has_key(place: Place) -> bool:
    alias = place.backend.key_alias
    found = place.aws.ask("kms", "describe_key", KeyId=alias, absent=frozenset({"NotFoundException"}))
    if found and found["KeyMetadata"]["KeyState"] != "Enabled":
        raise KeyUnusable(alias, found["KeyMetadata"]["KeyState"])
    return found is not None


def _make_key(place: Place) -> None:
    alias = place.backend.key_alias
    key = (
        _key_without_alias(place)
        or place.aws.ask(
            "kms",
            "create_key",
            Description=_description(place.backend),
            Policy=documents.key_policy(place.backend.account_id),
            Tags=[{"TagKey": key, "TagValue": value} for key, value in _tags(place).items()],
        )["KeyMetadata"]["KeyId"]
    )
    place.aws.ask("kms", "create_alias", AliasName=alias, TargetKeyId=key)


def _key_without_alias(place: Place) -> str:
    """The key of a run that ended between making it and naming it; empty when there is none."""
    for key in place.aws.ask("kms", "list_keys", Limit=1000)["Keys"]:
        found = place.aws.ask("kms", "describe_key", KeyId=key["KeyId"])["KeyMetadata"]
        if found.get("Description") == _description(place.backend) and found["KeyState"] == "Enabled":
            return str(key["KeyId"])
    return ""


def _description(of: Backend) -> str:
    return f"Boka: state in {of.bucket}"


def _key_id(place: Place) -> str:
    return str(place.aws.ask("kms", "describe_key", KeyId=place.backend.key_alias)["KeyMetadata"]["KeyId"])


def _rotates(place: Place) -> bool:
    if not _has_key(place):
        return False
    return bool(place.aws.ask("kms", "get_key_rotation_status", KeyId=_key_id(place))["KeyRotationEnabled"])


def _rotate(place: Place) -> None:
    place.aws.ask("kms", "enable_key_rotation", KeyId=_key_id(place))


def _has_bucket(place: Place) -> bool:
    try:
        return _of_bucket(place, "head_bucket") is not None
    except AwsRefused as err:
        if err.code in {"403", "AccessDenied"}:
            raise BucketTaken(place.backend.bucket) from err
        raise


def _make_bucket(place: Place) -> None:
    region = place.backend.region
    # The oldest region is the one whose name S3 refuses here.
    where: dict[str, Any] = (
        {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    name = place.backend.bucket
    place.aws.ask("s3", "create_bucket", Bucket=name, ObjectOwnership="BucketOwnerEnforced", **where)
    tags = [{"Key": key, "Value": value} for key, value in _tags(place).items()]
    _of_bucket(place, "put_bucket_tagging", Tagging={"TagSet": tags})


def _of_bucket(place: Place, operation: str, *absent: str, **arguments: Any) -> dict[str, Any] | None:  # noqa: ANN401 - AWS's own
    owned: dict[str, Any] = {"Bucket": place.backend.bucket, "ExpectedBucketOwner": place.backend.account_id}
    return place.aws.ask("s3", operation, absent=_NO_BUCKET | set(absent), **owned, **arguments)


def _keeps_versions(place: Place) -> bool:
    return (_of_bucket(place, "get_bucket_versioning") or {}).get("Status") == "Enabled"


def _keep_versions(place: Place) -> None:
    _of_bucket(place, "put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})


def _is_encrypted(place: Place) -> bool:
    found = _of_bucket(place, "get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
    if found is None:
        return False
    (rule,) = found["ServerSideEncryptionConfiguration"]["Rules"]
    return rule.get("ApplyServerSideEncryptionByDefault") == _default_encryption(place)


def _default_encryption(place: Place) -> dict[str, str]:
    return {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": place.backend.key_arn}


def _encrypt(place: Place) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": _default_encryption(place), "BucketKeyEnabled": True}
    _of_bucket(place, "put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": [rule]})


def _is_shut(place: Place) -> bool:
    found = _of_bucket(place, "get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
    return (found or {}).get("PublicAccessBlockConfiguration") == _SHUT


def _shut(place: Place) -> None:
    _of_bucket(place, "put_public_access_block", PublicAccessBlockConfiguration=_SHUT)


def _policy(place: Place) -> str:
    return documents.bucket_policy(f"arn:aws:s3:::{place.backend.bucket}")


def _speaks_tls_only(place: Place) -> bool:
    found = _of_bucket(place, "get_bucket_policy", "NoSuchBucketPolicy")
    return found is not None and json.loads(str(found["Policy"])) == json.loads(_policy(place))


def _demand_tls(place: Place) -> None:
    _of_bucket(place, "put_bucket_policy", Policy=_policy(place))


def _forgets(place: Place) -> bool:
    return _of_bucket(place, "get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration") is not None


def _forget(place: Place) -> None:
    rule = {
        "ID": "old-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": _NONCURRENT_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _ABORT_UPLOADS_DAYS},
    }
    _of_bucket(place, "put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": [rule]})


def _is_sealed(place: Place) -> bool:
    try:
        backend.required(place.stack)
    except backend.NotInitialised:
        return False
    return True


def _seal(place: Place) -> None:
    """Have KMS make the key of the state's secrets; in clear it was never outside of KMS."""
    made = place.aws.ask("kms", "generate_data_key_without_plaintext", KeyId=place.backend.key_alias, KeySpec="AES_256")
    sealed = base64.b64encode(made["CiphertextBlob"]).decode()
    ours = f"secretsprovider: {place.backend.secrets_provider}\nencryptedkey: {sealed}\n"
    before, line, after = place.stack.settings.read_text(encoding="utf-8").partition(f"\n{_CONFIG_LINE}")
    write_atomically(place.stack.settings, f"{before}\n{ours}{line.lstrip()}{after}".encode(), mode=0o644)


def _tags(place: Place) -> dict[str, str]:
    return {"Project": "boka", "Environment": place.stack.environment, "ManagedBy": "boka init"}


NEEDS = (
    Need(
        what=lambda to: f"KMS key {to.key_alias} in {to.region} (1 US dollar a month)", is_met=_has_key, make=_make_key
    ),
    Need(what=lambda _: "yearly rotation of that key", is_met=_rotates, make=_rotate),
    Need(what=lambda to: f"bucket {to.bucket} in {to.region}", is_met=_has_bucket, make=_make_bucket),
    Need(what=lambda _: "no public access to the bucket", is_met=_is_shut, make=_shut),
    Need(what=lambda _: "TLS 1.2 or newer only to the bucket", is_met=_speaks_tls_only, make=_demand_tls),
    Need(what=lambda _: "encryption of the bucket by that key", is_met=_is_encrypted, make=_encrypt),
    Need(what=lambda _: "versions of every object", is_met=_keeps_versions, make=_keep_versions),
    Need(what=lambda _: f"old versions go after {_NONCURRENT_DAYS} days", is_met=_forgets, make=_forget),
    Need(what=lambda _: "the sealed key of the state's secrets in the settings file", is_met=_is_sealed, make=_seal),
)
