"""The page of all rules is the table's; write it anew: `python tests/infra/policy_rules/test_policy_reference.py`."""

import inspect
from pathlib import Path

from infra.policy import report
from infra.policy.everywhere import LEGACY, TAGLESS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "policies.md"


def test_the_page_of_policies_is_what_the_table_says():
    assert PAGE.read_text() == report.page(), f"write it anew: python {Path(__file__).name}"


def test_what_the_rules_take_for_untaggable_the_sdk_does_too():
    import pulumi_aws  # noqa: PLC0415 - a second, and `python` on this file needs none of it

    def takes_tags(token: str) -> bool:
        module, _, name = token.removeprefix("aws:").partition("/")
        kind = getattr(getattr(pulumi_aws, module), name.split(":")[1])
        return "tags" in inspect.signature(kind._internal_init).parameters

    assert [token for token in sorted(TAGLESS) if takes_tags(token)] == []


def test_no_old_class_takes_its_own_place():
    assert all(
        old.rsplit(":", 1)[-1] != new.rsplit(".", 1)[-1] or old.startswith("aws:elb") for old, new in LEGACY.items()
    )


if __name__ == "__main__":
    PAGE.write_text(report.page())
