"""A registry of jobs made for a test."""

import pytest
from boka_app.worker import registry


@pytest.fixture
def jobs(monkeypatch):
    """Replace the registry's tables; give a function that does it."""

    def replace(on_event=(), deferred=(), on_clock=()):
        monkeypatch.setattr(registry, "ON_EVENT", on_event)
        monkeypatch.setattr(registry, "DEFERRED", deferred)
        monkeypatch.setattr(registry, "ON_CLOCK", on_clock)

    return replace
