import pytest

from ops import stacks
from ops.errors import UsageError


@pytest.mark.parametrize("name", ["local", "staging", "production", "t0a1b"])
def test_a_known_name_is_a_stack(name):
    assert stacks.named(name).name == name


@pytest.mark.parametrize("name", ["", "Local", "t0A1B", "t0a1", "t0a1bc", "../etc", "test"])
def test_another_name_is_refused(name):
    with pytest.raises(UsageError, match="allowed are local, staging, production"):
        stacks.named(name)


def test_a_throwaway_stack_keeps_its_settings_in_its_state(stack):
    assert stack.settings.parent == stack.state


def test_a_new_throwaway_name_is_a_throwaway_stack():
    assert stacks.named(stacks.throwaway_name()).is_throwaway


def test_a_stack_in_the_cloud_is_two_layers_of_one_settings_file():
    production = stacks.named("production")

    assert production.layers == ("production-base", "production")
    assert production.settings.name == "Pulumi.production.yaml"


def test_a_stack_on_this_machine_is_one_layer(stack):
    assert stack.layers == (stack.name,)
