"""What a stack leaves behind is found in moto's account and a stand-in's zone, and nothing of somebody else's is."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import live_leftovers as leftovers
import pytest
from cloud_account import ACCOUNT
from moto import mock_aws
from recorder import as_text, settings_of

from infra import cloud_settings

REGION, BACKUP_REGION = "eu-central-1", "eu-west-1"
CHOSEN = cloud_settings.load("staging", as_text(settings_of("staging", account_id=ACCOUNT)))
OURS = {"Project": "boka", "Environment": "staging", "ManagedBy": "pulumi"}
NOT_OURS = [OURS | {"Environment": "production"}, OURS | {"Project": "other"}, OURS | {"ManagedBy": "boka init"}]


@pytest.fixture
def account(monkeypatch):
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")
    with mock_aws():
        yield


def pairs(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def make_bucket(name, tags, region=REGION):
    client = boto3.client("s3", region)
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs(tags)})


def make_host(tags):
    client = boto3.client("ec2", REGION)
    tagged = [{"ResourceType": "instance", "Tags": pairs(tags)}]
    made = client.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, TagSpecifications=tagged)
    return client, made["Instances"][0]["InstanceId"]


@pytest.mark.usefixtures("account")
def test_an_empty_account_has_nothing_left():
    assert leftovers.of_aws(CHOSEN) == []


@pytest.mark.parametrize("region", [REGION, BACKUP_REGION])
@pytest.mark.usefixtures("account")
def test_what_has_the_tags_is_left_in_either_region(region):
    make_bucket("left", OURS, region)

    assert leftovers.of_aws(CHOSEN) == ["arn:aws:s3:::left"]


@pytest.mark.parametrize("tags", NOT_OURS, ids=["another stack's", "another project's", "the state's"])
@pytest.mark.usefixtures("account")
def test_what_has_other_tags_is_not_left(tags):
    make_bucket("left", tags)

    assert leftovers.of_aws(CHOSEN) == []


@pytest.mark.usefixtures("account")
def test_more_than_a_page_is_left():
    client = boto3.client("ec2", REGION)
    tagged = [{"ResourceType": "instance", "Tags": pairs(OURS)}]
    client.run_instances(ImageId="ami-0123456789abcdef0", MinCount=60, MaxCount=60, TagSpecifications=tagged)

    assert len(leftovers.of_aws(CHOSEN)) == 60


@pytest.mark.usefixtures("account")
def test_a_host_that_is_gone_is_not_left():
    client, host = make_host(OURS)
    assert [arn.rpartition("/")[2] for arn in leftovers.of_aws(CHOSEN)] == [host]

    client.terminate_instances(InstanceIds=[host])

    assert leftovers.of_aws(CHOSEN) == []


@pytest.mark.usefixtures("account")
def test_a_key_that_waits_to_be_deleted_is_not_left():
    client = boto3.client("kms", REGION)
    tags = [{"TagKey": key, "TagValue": value} for key, value in OURS.items()]
    key = client.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    assert [arn.rpartition("/")[2] for arn in leftovers.of_aws(CHOSEN)] == [key]

    client.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)

    assert leftovers.of_aws(CHOSEN) == []


@pytest.mark.usefixtures("account")
def test_a_role_is_left_by_its_name():
    client = boto3.client("iam", REGION)
    client.create_role(RoleName="boka-staging-db", AssumeRolePolicyDocument="{}")
    client.create_role(RoleName="boka-production-db", AssumeRolePolicyDocument="{}")

    assert leftovers.of_aws(CHOSEN) == [f"arn:aws:iam::{ACCOUNT}:role/boka-staging-db"]


class Cloudflare(ThreadingHTTPServer):
    """Answers lists of an account and a zone as Cloudflare's API does; `empty` has nothing of ours in them."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.empty = False
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, path):
        what = path.partition("?")[0].rpartition("/")[2]
        ours, page = not self.empty, path.rpartition("page=")[2]
        many = [{"name": f"mail{number}", "comment": None} for number in range(50)]
        marked = [{"name": "www.boka-staging.example", "comment": "boka staging: the edges' load balancer"}]
        return {
            "buckets": {"buckets": [{"name": "boka-staging-backup"}] * ours},
            "scripts": [{"id": "boka-staging-maintenance"}] * ours + [{"id": "somebody's"}],
            "boka-staging-front": {"name": "boka-staging-front"} if ours else None,
            "tokens": [{"name": "boka-staging-purge"}] * ours,
            "dns_records": many if page == "1" else marked * ours,
        }[what]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        result = self.server.answer(self.path)
        body = json.dumps({"success": result is not None, "errors": [], "result": result}).encode()
        self.send_response(404 if result is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def cloudflare(monkeypatch):
    with Cloudflare() as server:
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", server.url)
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "testing")
        yield server
        server.shutdown()


@pytest.mark.usefixtures("cloudflare")
def test_what_has_the_stacks_name_at_cloudflare_is_left():
    assert leftovers.of_cloudflare(CHOSEN) == [
        "R2 bucket boka-staging-backup",
        "Worker boka-staging-maintenance",
        "API token boka-staging-purge",
        "Pages project boka-staging-front",
        "record www.boka-staging.example",
    ]


def test_a_zone_with_records_of_others_has_nothing_left(cloudflare):
    cloudflare.empty = True

    assert leftovers.of_cloudflare(CHOSEN) == []
