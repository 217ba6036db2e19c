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


def test_up_is_refused_before_any_change_when_the_kernel_lacks_a_feature(monkeypatch):
    missing = doctor.Finding(need="overlayfs", seen="not in /proc/filesystems", cure="Use a kernel with overlayfs.")
    monkeypatch.setattr(doctor, "overlayfs", lambda: missing)

    with pytest.raises(
        doctor.MachineUnfit, match=r"overlayfs: not in /proc/filesystems\. To do: Use a kernel"
    ) as refused:
        doctor.refuse_unfit()

    assert refused.value.exit_code == 5
    assert missing in refused.value.findings
