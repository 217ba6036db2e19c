"""What the doctor says of the organization and of who pays, by AWS's answers; botocore checks their shape."""

from types import SimpleNamespace

import boto3
import pytest
from botocore.stub import Stubber

from ops.cloud import organization
from ops.cloud.aws import Aws, AwsRefused

REGION = "eu-central-1"
CHOSEN = SimpleNamespace(
    account_id="111122223333", backup_account_id="444455556666", environment="production", region=REGION
)
ASKED = {"TagKeys": ["Environment"]}
MANAGED = {"Organization": {"Id": "o-exampleorgid", "MasterAccountId": "999988887777"}}


@pytest.fixture
def aws(monkeypatch):
    """A door to AWS behind which only what a test puts there answers."""
    door = Aws(REGION)
    stubs = {}
    for service in ("ce", "organizations", "backup"):
        client = boto3.client(service, REGION, aws_access_key_id="testing", aws_secret_access_key="testing")
        stubs[service] = Stubber(client)
        stubs[service].activate()
        monkeypatch.setitem(door._clients, service, client)
    door.stubs = stubs
    return door


def tagged(status):
    return {"CostAllocationTags": [{"TagKey": "Environment", "Type": "UserDefined", "Status": status}]}


@pytest.mark.parametrize(
    ("answer", "seen", "cure"),
    [
        pytest.param(tagged("Active"), "active", "", id="active"),
        pytest.param(tagged("Inactive"), "inactive", "TagKey=Environment,Status=Active", id="inactive"),
        pytest.param({"CostAllocationTags": []}, "no such tag yet", "", id="before the first resource"),
    ],
)
def test_a_budget_counts_by_a_tag_that_is_active(aws, answer, seen, cure):
    aws.stubs["ce"].add_response("list_cost_allocation_tags", answer, ASKED)

    found = organization.budget(aws)

    assert seen in found.seen
    assert found.cure.endswith(cure)
    assert found.good == (cure == "")


def test_an_account_that_does_not_pay_is_sent_to_the_one_that_does(aws):
    aws.stubs["ce"].add_client_error("list_cost_allocation_tags", "AccessDeniedException", "Linked account ...", 400)

    found = organization.budget(aws)

    assert found.good
    assert "ask there: aws ce list-cost-allocation-tags --tag-keys Environment" in found.seen


def test_accounts_without_an_organization_cannot_copy(aws):
    aws.stubs["organizations"].add_client_error("describe_organization", "AWSOrganizationsNotInUseException")

    found = organization.copies(aws, CHOSEN)

    assert found.seen == "account 111122223333 is in no organization"
    assert "leave boka:backup_account_id out" in found.cure


@pytest.mark.parametrize("told", [{}, {"isCrossAccountBackupEnabled": "false"}])
def test_an_organization_that_has_not_opted_in_is_told_how(aws, told):
    aws.stubs["organizations"].add_response("describe_organization", MANAGED)
    aws.stubs["backup"].add_response("describe_global_settings", {"GlobalSettings": told})

    found = organization.copies(aws, CHOSEN)

    assert found.cure == (
        "In account 999988887777: aws backup update-global-settings "
        "--global-settings isCrossAccountBackupEnabled=true --region eu-central-1"
    )


def test_an_organization_that_has_is_fine_and_what_cannot_be_seen_is_said(aws):
    aws.stubs["organizations"].add_response("describe_organization", MANAGED)
    aws.stubs["backup"].add_response(
        "describe_global_settings", {"GlobalSettings": {"isCrossAccountBackupEnabled": "true"}}
    )

    found = organization.copies(aws, CHOSEN)

    assert found.good
    assert "only account 999988887777 is told" in found.seen


def test_a_refusal_to_look_is_no_answer(aws):
    aws.stubs["organizations"].add_client_error("describe_organization", "AccessDeniedException")

    with pytest.raises(AwsRefused, match="describe_organization"):
        organization.copies(aws, CHOSEN)
