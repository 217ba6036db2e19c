"""What was released stays: a change that breaks a client fails here, with the sentence what broke."""

import copy
import json
from pathlib import Path

import pytest
from boka_app.openapi.compare import breaking_changes

APP = Path(__file__).parents[3] / "app"
RELEASED = json.loads((APP / "openapi.released.json").read_text())
HEALTH = "/api/health"


def changed(*path, to=None):
    """Return the released document with one place changed, or removed."""
    document = copy.deepcopy(RELEASED)
    node = document
    for step in path[:-1]:
        node = node[step]
    if to is None:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return document


def test_the_working_document_breaks_nothing_that_was_released():
    assert breaking_changes(RELEASED, json.loads((APP / "openapi.json").read_text())) == []


def test_the_same_document_breaks_nothing():
    assert breaking_changes(RELEASED, copy.deepcopy(RELEASED)) == []


@pytest.mark.parametrize(
    ("current", "sentence"),
    [
        pytest.param(
            changed("paths", HEALTH), "GET /api/health is gone and was not deprecated in a release", id="address gone"
        ),
        pytest.param(
            changed("paths", "/api/tenants/{slug}/slots", "get", "parameters", 4, "required", to=True),
            "GET /api/tenants/{slug}/slots: the query parameter employee is required now",
            id="parameter required",
        ),
        pytest.param(
            changed("components", "schemas", "Slot", "properties", "starts_at"),
            "GET /api/tenants/{slug}/slots: an item of the answer's slots no longer has starts_at",
            id="member of an answer gone",
        ),
        pytest.param(
            changed("components", "schemas", "Slots", "properties", "time_zone", "type", to="integer"),
            "GET /api/tenants/{slug}/slots: the answer's time_zone may no longer be string",
            id="another type",
        ),
        pytest.param(
            changed("components", "schemas", "Appointment", "properties", "status", "enum", to=["held"]),
            "no longer knows",
            id="values gone",
        ),
        pytest.param(
            changed("components", "schemas", "CustomerDetails", "required", to=["name", "email", "phone"]),
            "POST /api/tenants/{slug}/appointments: the body's customer needs phone now",
            id="member of a body required",
        ),
        pytest.param(
            changed("components", "schemas", "CustomerDetails", "properties", "phone"),
            "POST /api/tenants/{slug}/appointments: the body's customer no longer has phone",
            id="member of a body gone",
        ),
        pytest.param(
            changed("paths", HEALTH, "get", "responses", "200"),
            "GET /api/health: it no longer answers 200",
            id="status",
        ),
        pytest.param(
            changed("paths", HEALTH, "get", "security", to=[{"accountToken": []}]),
            "GET /api/health: it is no longer open to everybody",
            id="closed",
        ),
    ],
)
def test_what_breaks_a_client_is_told(current, sentence):
    found = breaking_changes(RELEASED, current)

    assert len(found) >= 1
    assert any(sentence in text for text in found), found


def test_what_was_deprecated_may_go():
    released = changed("paths", HEALTH, "get", "deprecated", to=True)

    assert breaking_changes(released, changed("paths", HEALTH)) == []


@pytest.mark.parametrize(
    "current",
    [
        pytest.param(changed("paths", "/api/new", to=RELEASED["paths"][HEALTH]), id="an address more"),
        pytest.param(
            changed("components", "schemas", "Slot", "properties", "seats", to={"type": "integer"}), id="a member more"
        ),
        pytest.param(
            changed("paths", "/api/tenants/{slug}/slots", "get", "parameters", 1, "required", to=False),
            id="a parameter that may be left out",
        ),
    ],
)
def test_what_only_adds_is_no_break(current):
    assert breaking_changes(RELEASED, current) == []
