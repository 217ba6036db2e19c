"""Policy documents: who may do what, and no more."""

import json

import pytest

from infra.aws import documents, roles

FACTS = roles.Facts(
    backup_bucket_arn="arn:aws:s3:::backup",
    backup_key_arn="arn:aws:kms:eu-central-1:111122223333:key/1",
    artefact_bucket_arn="arn:aws:s3:::artefacts",
    artefact_key_arn="arn:aws:kms:eu-central-1:111122223333:key/2",
)


@pytest.mark.parametrize("group", ["edge", "app", "db", "cache"])
def test_a_host_that_needs_nothing_may_do_nothing(group):
    assert roles.statements(group, FACTS) == []


def test_no_statement_of_a_host_is_for_everything():
    granted = roles.statements("ops", FACTS)

    assert not [one for one in granted if "*" in one["Resource"] or any("*" in action for action in one["Action"])]
    assert len(documents.document(granted)) < 10_240  # IAM's limit of a role's own policies


def test_a_role_is_taken_by_its_service_only():
    (statement,) = json.loads(documents.trust("s3.amazonaws.com"))["Statement"]

    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}


def test_logs_are_taken_from_this_accounts_own_sources_only():
    granted = documents.log_delivery("arn:aws:s3:::logs", "1" * 12, region="eu-central-1", trail="boka")

    assert all("1" * 12 in json.dumps(one["Condition"]) for one in granted)


def test_an_object_without_a_named_key_takes_the_buckets_own():
    policy = json.loads(documents.bucket_policy("arn:aws:s3:::b", key_arn="arn:k"))
    (own,) = (one for one in policy["Statement"] if one["Sid"] == "OwnKeyOnly")

    assert own["Condition"]["Null"] == {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"}


def test_equal_statements_give_equal_text():
    assert documents.key_policy("1" * 12, ("b", "a")) == documents.key_policy("1" * 12, ("a", "b"))
