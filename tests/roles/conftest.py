"""What the tests of single roles share: facts and secrets of the stack, and the journal of a unit that failed.

`molecule test -s nginx` runs tests/roles/nginx and tests/roles/every_role; elsewhere these are not collected, since
they need the hosts that Molecule made.
"""

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from reach import tunnel

from infra import handover, paths
from ops import site_root, stacks
from ops.secrets import Store

SCENARIO = os.environ.get("MOLECULE_SCENARIO_NAME", "")
MINIMUM = 3  # tests of each role: Molecule itself passes a scenario without any
JOURNAL_LINES = 40

collect_ignore_glob = [] if SCENARIO else ["*/test_*.py"]


def pytest_configure(config):
    config.addinivalue_line("markers", "journal(unit): show this unit's journal when the test fails")


def pytest_collection_modifyitems(items):
    own = [item for item in items if SCENARIO and item.path.parent.name == SCENARIO]
    if SCENARIO and len(own) < MINIMUM:
        raise pytest.UsageError(f"tests/roles/{SCENARIO} has {len(own)} tests; a role has {MINIMUM} or more")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    marker, host = item.get_closest_marker("journal"), item.funcargs.get("host")
    if report.failed and call.when == "call" and marker and host:
        unit = marker.args[0]
        words = "journalctl --unit=%s --lines=%s --no-pager --output=short-iso"
        report.sections.append((f"journal of {unit}", host.run(words, unit, str(JOURNAL_LINES)).stdout))
    return report


@pytest.fixture(scope="session")
def stack() -> handover.StackFile:
    """The facts of the stack, as every host has them."""
    return handover.read(os.environ["BOKA_STACK"])


@pytest.fixture(scope="session")
def address(stack) -> Callable[[str], str]:
    """Address of a host by its name."""
    return lambda name: stack.hosts[name].address


@pytest.fixture(scope="session")
def secret(stack) -> Callable[[str], str]:
    """A secret of the stack by its name."""
    return Store(stacks.named(stack.stack)).get


@pytest.fixture(scope="session")
def authority(stack) -> Path:
    """Certificate of the authority that vouches for hosts among themselves."""
    return paths.stack_dir(stack.stack) / "ca" / "ca.pem"


@pytest.fixture(scope="session")
def believes_hosts(authority) -> ssl.SSLContext:
    """A client inside the stack: it believes the internal authority and nobody else."""
    return ssl.create_default_context(cafile=str(authority))


@pytest.fixture(scope="session")
def site_authority(stack) -> Path:
    """Root certificate of the authority that signed the site's certificate, as it is now."""
    found = site_root.fetch(stacks.named(stack.stack), stack)
    assert found, "the stack has no world, so no authority of its own"
    return found


@pytest.fixture(scope="session")
def believes_site(site_authority) -> ssl.SSLContext:
    """A user's browser: it believes the authority that signed the site's certificate."""
    return ssl.create_default_context(cafile=str(site_authority))


@pytest.fixture(scope="module")
def from_host(stack) -> Iterator[Callable[[str, str, int], int]]:
    """Local port behind which a host speaks to a port of another: `from_host("app1", "db1", 5432)`."""
    with ExitStack() as opened:
        yield lambda source, target, port: opened.enter_context(
            tunnel(stack, source, stack.hosts[target].address, port)
        )
