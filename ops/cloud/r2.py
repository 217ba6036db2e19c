"""The one door through which `boka` itself asks R2, Cloudflare's object store, by S3's protocol."""

import hashlib
import importlib
from typing import TYPE_CHECKING, Any

from ops.errors import RunFailed

if TYPE_CHECKING:
    from infra.cloud_settings import CloudSettings

_CONNECT_S, _READ_S, _TRIES = 5, 30, 3


class R2Refused(RunFailed):
    """R2 answered no, or not at all."""

    def __init__(self, bucket: str, why: str) -> None:
        super().__init__(f"R2 would not let bucket {bucket} be emptied: {why}. Empty it in Cloudflare's dashboard.")


def endpoint(chosen: "CloudSettings") -> str:
    """Return where the account's buckets are reached; those of a jurisdiction have a name of their own."""
    where = "" if chosen.r2_jurisdiction == "default" else f".{chosen.r2_jurisdiction}"
    return f"https://{chosen.cloudflare_account_id}{where}.r2.cloudflarestorage.com"


def secret_key(token: str) -> str:
    """Return the secret key that belongs to a token's value. Source: R2's documentation, "S3 API tokens"."""
    return hashlib.sha256(token.encode()).hexdigest()


def empty(bucket: str, url: str, access_key: str, token: str) -> int:
    """Delete every object of a bucket, and every upload that was never finished; return how many objects there were.

    Raises:
        R2Refused: R2 did not answer, or said no to something else than a bucket that is not there.
    """
    errors: Any = importlib.import_module("botocore.exceptions")
    client = _client(url, access_key, secret_key(token))
    try:
        _abort_uploads(client, bucket, errors.ClientError)
        return _delete_objects(client, bucket)
    except errors.ClientError as err:
        if err.response["Error"].get("Code") != "NoSuchBucket":
            raise R2Refused(bucket, str(err)) from err
    except errors.BotoCoreError as err:
        raise R2Refused(bucket, str(err)) from err
    return 0


def _delete_objects(client: Any, bucket: str) -> int:  # noqa: ANN401 - boto3's
    count = 0
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", []):
            client.delete_object(Bucket=bucket, Key=one["Key"])
            count += 1
    return count


def _abort_uploads(client: Any, bucket: str, refused: type[Exception]) -> None:  # noqa: ANN401 - boto3's
    try:
        for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for one in page.get("Uploads", []):
                client.abort_multipart_upload(Bucket=bucket, Key=one["Key"], UploadId=one["UploadId"])
    except refused as err:
        # A token for objects may be kept from the list of uploads; should one be in the way, the deletion says so.
        if getattr(err, "response", {}).get("Error", {}).get("Code") != "AccessDenied":
            raise


def _client(url: str, access_key: str, secret: str) -> Any:  # noqa: ANN401 - boto3's
    sdk: Any = importlib.import_module("boto3")
    config: Any = importlib.import_module("botocore.config")
    return sdk.client(
        "s3",
        endpoint_url=url,
        region_name="auto",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        config=config.Config(
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"total_max_attempts": _TRIES},
            s3={"addressing_style": "path"},
            # R2 knows fewer checksums than the SDK would send by itself.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
