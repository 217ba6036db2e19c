"""A throwaway stack's buckets at Cloudflare are emptied before they go; moto plays R2, which speaks S3 too."""

import io
import json

import boto3
import pytest
from cloud_account import REGION, settle
from moto import mock_aws
from moto_http import MotoOverHttp

from infra.cloudflare import storage
from ops import removal, settings
from ops.cloud import r2
from ops.screen import Screen
from ops.stacks import Stack

STAGING = Stack("staging")
BUCKET = "boka-staging-backup"
TOKEN = {"id": "access key", "value": "token"}


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    """A bucket that holds objects, and an upload that was never finished."""
    settle(tmp_path, monkeypatch, "staging")
    with mock_aws(), MotoOverHttp() as aws:
        monkeypatch.setattr("ops.cloud.r2.endpoint", lambda _: aws.url)
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="daily/1")
        client.put_object(Bucket=BUCKET, Key="daily/a b+c")
        client.create_multipart_upload(Bucket=BUCKET, Key="unfinished")
        yield client
        aws.shutdown()


def left(client):
    objects, uploads = client.list_objects_v2(Bucket=BUCKET), client.list_multipart_uploads(Bucket=BUCKET)
    return [one["Key"] for one in (*objects.get("Contents", []), *uploads.get("Uploads", []))]


def keep_token(purpose):
    client = boto3.client("secretsmanager", REGION)
    client.create_secret(Name=f"boka/staging/cloudflare/{purpose}", SecretString=json.dumps(TOKEN))


def test_no_object_and_no_unfinished_upload_is_left(bucket):
    assert r2.empty(BUCKET, r2.endpoint(None), "id", "value") == 2
    assert left(bucket) == []


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_empty():
    assert r2.empty("boka-staging-assets", r2.endpoint(None), "id", "value") == 0


def test_without_an_answer_the_bucket_is_named(monkeypatch):
    monkeypatch.setattr("ops.cloud.r2._TRIES", 1)

    with pytest.raises(r2.R2Refused, match="bucket boka-staging-backup"):
        r2.empty(BUCKET, "http://127.0.0.1:1", "id", "value")


def test_both_buckets_of_a_stack_are_emptied_with_their_own_tokens(bucket):
    bucket.create_bucket(Bucket="boka-staging-assets")
    keep_token("assets")
    keep_token("backup")
    told = io.StringIO()

    removal.empty_buckets(STAGING, Screen(err=told))

    assert left(bucket) == []
    assert "deleted 2 objects of R2 bucket boka-staging-backup" in told.getvalue()


def test_a_stack_whose_base_was_never_raised_has_none_to_empty(bucket):
    removal.empty_buckets(STAGING, Screen(err=io.StringIO()))

    assert left(bucket) != []


def test_every_bucket_at_cloudflare_is_known_to_the_removal():
    assert set(removal.R2_PURPOSES) == set(storage.PURPOSES)


@pytest.mark.parametrize(("jurisdiction", "where"), [("default", "r2"), ("eu", "eu.r2")])
def test_a_jurisdiction_has_an_address_of_its_own(tmp_path, monkeypatch, jurisdiction, where):
    settle(tmp_path, monkeypatch)
    chosen = settings.cloud(Stack("production")).model_copy(update={"r2_jurisdiction": jurisdiction})

    assert r2.endpoint(chosen) == f"https://0123456789abcdef0123456789abcdef.{where}.cloudflarestorage.com"
