"""`boka doctor production` against moto's AWS and a stand-in for Cloudflare: each lack is told with its cure."""

import json
import sys

import boto3
import pytest
from cloud_account import ACCOUNT, BUCKET, IMAGE, REGION, UNKNOWN_IMAGE, Cloudflare, give_identity, settle
from moto import mock_aws
from moto.ce.responses import CostExplorerResponse

from ops import cli


@pytest.fixture
def cloudflare(monkeypatch):
    with Cloudflare() as server:
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", server.url)
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "testing")
        yield server
        server.shutdown()


@pytest.fixture
def account(tmp_path, monkeypatch, cloudflare):  # noqa: ARG001 - both accounts are there
    """Accounts that can take the stack; gives the settings file."""
    counted = json.dumps({"CostAllocationTags": [{"TagKey": "Environment", "Type": "UserDefined", "Status": "Active"}]})
    monkeypatch.setattr(CostExplorerResponse, "list_cost_allocation_tags", lambda _: counted, raising=False)
    with mock_aws():
        path = settle(tmp_path, monkeypatch)
        give_identity(tmp_path, monkeypatch)
        path.write_text(path.read_text().replace(UNKNOWN_IMAGE, IMAGE))
        yield path


@pytest.fixture
def boka(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["boka", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, capsys.readouterr().out

    return run


@pytest.fixture
def findings(boka):
    """What the doctor found, by the start of each need."""

    def look():
        code, out = boka("doctor", "production", "--json")
        return code, {one["need"]: one for one in json.loads(out)["findings"]}

    return look


def starting(found, words):
    return next(one for need, one in found.items() if need.startswith(words))


@pytest.mark.usefixtures("account")
def test_two_accounts_that_lack_nothing_are_fit(boka):
    boka("init", "production", "--yes")

    code, out = boka("doctor", "production")

    assert (code, out.splitlines()[0]) == (0, "Both accounts can take stack production.")


@pytest.mark.usefixtures("account")
def test_a_state_without_a_place_is_told_with_the_verb_that_makes_it(findings):
    code, found = findings()

    assert (code, starting(found, f"a place for the state, s3://{BUCKET}")["cure"]) == (5, "boka init production")


@pytest.mark.parametrize(
    ("old", "new", "need", "cure"),
    [
        pytest.param(
            ACCOUNT, "999988887777", "credentials of AWS account 9", "account_id is 999988887777", id="account"
        ),
        pytest.param(IMAGE, "ami-00000000000000000", "image ami-0", "Set boka:images to an image", id="image"),
        pytest.param("eu-central-1c]", "eu-central-1d]", "zones eu-", "Set boka:zones to three of eu-cen", id="zone"),
        pytest.param(
            "domain: boka.example", "domain: other.example", "zone 01", "to the zone of boka:domain", id="domain"
        ),
    ],
)
def test_what_the_settings_name_and_the_accounts_have_not_is_told(account, findings, old, new, need, cure):
    account.write_text(account.read_text().replace(old, new))

    code, found = findings()

    assert (code, cure in starting(found, need)["cure"]) == (5, True)


@pytest.mark.usefixtures("account")
def test_a_ceiling_that_a_new_stack_would_meet_is_told(findings):
    ec2 = boto3.client("ec2", REGION)
    made = [ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16") for number in range(4)]

    found = starting(findings()[1], "VPCs")

    assert found["seen"] == f"{len(made) + 1} of 5 in use"
    assert "--quota-code L-F678F1CE --desired-value 6" in found["cure"]


@pytest.mark.usefixtures("account")
def test_a_ceiling_that_aws_does_not_name_is_said_to_be_unknown(findings):
    assert starting(findings()[1], "elastic addresses: 7")["seen"] == "0 in use; AWS names no ceiling"


@pytest.mark.usefixtures("account")
def test_no_credentials_is_a_finding_and_cloudflare_is_looked_at_all_the_same(findings, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    found = findings()[1]

    assert "aws sso login" in starting(found, "credentials")["cure"]
    assert starting(found, "an active Cloudflare token")["good"]


@pytest.mark.usefixtures("account")
def test_no_cloudflare_token_is_told(findings, monkeypatch):
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN")

    assert "export CLOUDFLARE_API_TOKEN" in starting(findings()[1], "an active Cloudflare token")["cure"]


@pytest.mark.usefixtures("account")
def test_a_token_that_is_over_is_told(findings, cloudflare):
    cloudflare.active = False

    assert "Make another one" in starting(findings()[1], "an active Cloudflare token")["cure"]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("word", "scope"), [("dns_records", "DNS"), ("r2/buckets", "Workers R2 Storage"), ("rulesets", "Zone WAF")]
)
def test_a_scope_that_the_token_lacks_is_named(findings, cloudflare, word, scope):
    cloudflare.forbidden.add(word)

    found = starting(findings()[1], f"token scope {scope}")

    assert "HTTP 403, Authentication error" in found["seen"]
    assert found["cure"].startswith(f"Give the token the permission {scope}")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("plan", "cure"),
    [
        pytest.param({"legacy_id": "free"}, "Set boka:cloudflare_plan to free, or", id="less than is counted on"),
        pytest.param({"legacy_id": "business"}, "", id="more"),
        pytest.param({}, "", id="not told"),
    ],
)
def test_a_zone_of_a_smaller_plan_is_told(findings, cloudflare, plan, cure):
    cloudflare.zone["plan"] = plan

    found = starting(findings()[1], "a zone of plan pro")

    assert (found["good"], found["cure"].startswith(cure)) == (not cure, True)


@pytest.mark.usefixtures("account")
def test_a_permission_group_that_means_something_else_in_the_account_is_named(findings, cloudflare):
    cloudflare.groups = {**cloudflare.groups, "Cache Purge": "0" * 32}

    found = starting(findings()[1], "permission groups")

    assert found["seen"] == "e17beae8b8cb423a99b1730f21238bed is unknown, not Cache Purge"
    assert "infra/cloudflare/permissions.py" in found["cure"]


@pytest.mark.usefixtures("account")
def test_a_zone_that_is_not_delegated_yet_is_told(findings, cloudflare):
    cloudflare.zone["status"] = "pending"

    assert "registrar" in starting(findings()[1], "zone 0123")["cure"]


@pytest.mark.usefixtures("account")
def test_a_cloudflare_that_does_not_answer_is_unreachable(boka, monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:9")

    assert boka("doctor", "production")[0] == 4


@pytest.mark.usefixtures("account")
def test_secrets_that_nobody_could_read_again_are_told(findings, monkeypatch):
    monkeypatch.delenv("BOKA_AGE_KEY_FILE")

    assert "Name the identity's file in $BOKA_AGE_KEY_FILE" in starting(findings()[1], "secrets, kept in /")["cure"]


@pytest.mark.usefixtures("account")
def test_a_tag_that_costs_are_counted_by_is_no_lack(findings):
    assert starting(findings()[1], "costs counted by the tag Environment")["seen"] == "active"


def test_a_second_account_outside_of_an_organization_is_told(account, findings):
    role = "arn:aws:iam::444455556666:role/boka-backup"
    second = f"  boka:backup_account_id: '444455556666'\n  boka:backup_role: {role}\n"
    account.write_text(account.read_text() + second)

    found = starting(findings()[1], "AWS Backup may copy into account 444455556666")

    assert found["seen"] == f"account {ACCOUNT} is in no organization"


@pytest.fixture
def entries(account):
    """Secrets in Secrets Manager, whose first entry the base layer made."""
    account.write_text(f"{account.read_text()}  boka:secrets_in: secrets-manager\n")
    client = boto3.client("secretsmanager", REGION)
    client.create_secret(Name="boka/production/database", SecretString="{}")
    return client


@pytest.mark.usefixtures("entries")
def test_entries_that_the_base_layer_is_still_to_make_are_no_lack(findings):
    assert starting(findings()[1], "secrets, kept in Secrets Manager in eu-central-1")["good"]


def test_an_entry_that_is_to_be_deleted_is_told_with_the_way_back(entries, findings):
    entries.delete_secret(SecretId="boka/production/database")

    assert "restore-secret" in starting(findings()[1], "secrets, kept in Secrets Manager")["cure"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(
            {IMAGE: "ami-0123456789abcdef0"}, "ami-0123456789abcdef0 in eu-central-1: not there", id="an image"
        ),
        pytest.param({"eu-central-1c": "eu-central-1x"}, "not open to this account: eu-central-1x", id="a zone"),
        pytest.param({"123456789012": "999999999999"}, "999999999999", id="an account"),
        pytest.param({"boka.example": "other.example"}, "it is boka.example", id="a domain"),
    ],
)
def test_up_refuses_what_is_not_there_before_the_first_resource(account, monkeypatch, capsys, spoil, told):
    text = account.read_text()
    for word, other in spoil.items():
        text = text.replace(word, other)
    account.write_text(text)

    assert (up(monkeypatch), told in capsys.readouterr().err) == (5, True)


@pytest.mark.usefixtures("account")
def test_up_refuses_a_token_that_lacks_a_scope_before_the_first_resource(cloudflare, monkeypatch, capsys):
    cloudflare.forbidden = {"r2/buckets"}

    assert up(monkeypatch) == 5
    assert "Give the token the permission Workers R2 Storage: Edit." in capsys.readouterr().err


def up(monkeypatch) -> int:
    """Say `boka up`, where anything beyond the looks would fail the test."""
    monkeypatch.setattr("ops.preparation.ensure", lambda *_: pytest.fail("went on after the looks"))
    monkeypatch.setattr(sys, "argv", ["boka", "up", "--stack", "production", "--hosts-only", "--yes"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code
