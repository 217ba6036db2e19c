import pytest

from ops import doctor
from ops.doctor import Examination, Finding


@pytest.mark.parametrize("look", doctor._LOOKS, ids=lambda look: look.__name__)
def test_each_look_ends_with_what_was_seen(look):
    found = look()

    assert found.need
    assert found.seen


def test_what_is_missing_is_told_with_its_cure():
    found = Examination(findings=[Finding(need="root", seen="uid 1000", cure="Use sudo.")])

    assert (found.good, found.lines()[-1]) == (False, "  Use sudo.")


def test_a_tool_that_boka_gets_itself_does_not_stop_anybody():
    assert all(finding.good for finding in doctor.tools_findings())
