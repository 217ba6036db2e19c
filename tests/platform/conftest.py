"""The throwaway stack that the tests of one module share."""

from collections.abc import Iterator

import pytest
from throwaway import ThrowawayStack, new_stack


@pytest.fixture(scope="module")
def stack() -> Iterator[ThrowawayStack]:
    """A stack for the tests of one module, taken down at the end."""
    made = new_stack()
    yield made
    made.boka("down", "--yes")
