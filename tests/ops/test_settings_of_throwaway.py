import pytest

from infra import settings as infra_settings
from ops import settings
from ops.errors import UsageError
from ops.stacks import Stack


def test_a_new_throwaway_stack_is_small_and_has_a_subnet_of_its_own(stack):
    settings.ensure(stack, None)

    values = {key.removeprefix("boka:"): value for key, value in settings.read(stack).items()}
    assert infra_settings.load(stack.name, values).profile == "small"


def test_two_new_stacks_get_two_subnets(stack):
    settings.ensure(stack, None)
    settings.ensure(Stack("t0002"), None)

    assert settings.read(stack)["boka:subnet"] != settings.read(Stack("t0002"))["boka:subnet"]


def test_a_second_run_keeps_the_settings(stack):
    settings.ensure(stack, "full")
    before = settings.read(stack)
    settings.ensure(stack, None)

    assert settings.read(stack) == before


def test_another_profile_later_is_refused(stack):
    settings.ensure(stack, "small")

    with pytest.raises(UsageError, match="says boka:profile: small, not full"):
        settings.ensure(stack, "full")
