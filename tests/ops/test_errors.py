import importlib

import pytest

from ops import errors
from ops.errors import DEFECT, INTERRUPTED, HostUnreachable, exit_code_of
from tools.errors import ChecksumMismatch


@pytest.mark.parametrize("name", errors._OF_OTHERS)
def test_every_error_known_by_name_exists(name):
    module, _, kind = name.rpartition(".")

    assert issubclass(getattr(importlib.import_module(module), kind), Exception)


def test_an_error_of_a_tool_counts_as_failed():
    assert exit_code_of(ChecksumMismatch("pulumi", "https://x", pinned="a", seen="b")) == 3


@pytest.mark.parametrize(
    ("err", "code"), [(HostUnreachable("x"), 4), (ValueError("x"), DEFECT), (KeyboardInterrupt(), INTERRUPTED)]
)
def test_each_kind_has_its_exit_code(err, code):
    assert exit_code_of(err) == code
