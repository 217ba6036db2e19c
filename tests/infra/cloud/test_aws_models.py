"""Every AWS input is one that AWS's own service models allow."""

import aws_models
import golden
import pytest
from recorder import record


def test_every_input_is_one_that_the_service_allows(graph):
    assert aws_models.check(graph).wrong == []


def test_what_is_not_held_against_a_model_is_counted_and_known(graphs):
    reports = [aws_models.check(graph) for graph in graphs.values()]
    types = {one.type for graph in graphs.values() for one in graph.of_aws()}

    golden.compare(
        "coverage",
        {
            "types checked": len(types & set(aws_models.OPERATIONS)),
            "types without a model": sorted(types & set(aws_models.UNMAPPED)),
            "values checked": sum(report.checked for report in reports),
            "inputs without a model": sorted({name for report in reports for name in report.skipped}),
        },
    )


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        pytest.param("volumeType", "gp9", "must be one of", id="a value that does not exist"),
        pytest.param("deletionWindow", "x", "is required", id="nothing of what is required"),
    ],
)
def test_a_wrong_value_would_be_found(key, value, said):
    report = aws_models.Report()
    wanted = aws_models.Operation("ec2", "CreateVolume")

    aws_models._operation(wanted, {key: value, "availabilityZone": "eu-central-1a"}, "volume", report)
    aws_models._operation(aws_models.Operation("kms", "CreateAlias"), {"name": "x"}, "alias", report)

    assert said in str(report.wrong)


def test_the_other_ways_out_and_a_second_account_hold_too():
    changed = {
        "egress": "endpoints",
        "backup_account_id": "444455556666",
        "backup_role": "arn:aws:iam::444455556666:role/boka-backup",
    }

    assert aws_models.check(record("production-base", **changed)).wrong == []
