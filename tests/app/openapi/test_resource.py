"""Programs find the API and what tells of it."""

import json

import pytest
from boka_app.main import create_app
from falcon import testing

from app.conftest import settings


def ask(path, method="GET"):
    return testing.TestClient(create_app(settings())).simulate_request(method, path)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_catalog_leads_to_the_description(method):
    answer = ask("/.well-known/api-catalog", method)

    assert answer.headers["Content-Type"].startswith("application/linkset+json; profile=")
    assert method == "HEAD" or answer.json["linkset"][0]["service-desc"] == [
        {"href": "https://boka.test/api/openapi.json", "type": "application/json"}
    ]


def test_every_link_of_the_catalog_answers():
    (context,) = ask("/.well-known/api-catalog").json["linkset"]
    paths = [
        link["href"].removeprefix("https://boka.test") for name in context if name != "anchor" for link in context[name]
    ]

    assert {path: ask(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_the_text_for_models_names_every_operation():
    text = ask("/llms.txt").text
    document = ask("/api/openapi.json").json

    missing = [path for path in document["paths"] if f" {path}`" not in text]
    assert (missing, json.dumps(document).count('"operationId"')) == ([], text.count("\n- `"))
