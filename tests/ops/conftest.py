"""State, caches and locks of these tests are in a folder of their own; nothing of the machine is touched."""

import pytest
from tls_site import write_certificate

from ops.stacks import Stack


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("BOKA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOKA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BOKA_RUN", str(tmp_path / "run"))
    monkeypatch.delenv("BOKA_STACK", raising=False)
    return tmp_path


@pytest.fixture
def stack():
    return Stack("t0a1b")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A key and a certificate for boka.test in one file, which is its own root."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "boka.pem")
