"""The committed document is the one the code makes, and every operation in it is described."""

import json
from pathlib import Path

import schemathesis
from boka_app.main import create_app
from falcon import testing

from app.conftest import settings

COMMITTED = Path(__file__).parents[3] / "app" / "openapi.json"


def served():
    return testing.TestClient(create_app(settings())).simulate_get("/api/openapi.json").json


def references(node):
    if isinstance(node, dict):
        yield from [node["$ref"]] if "$ref" in node else []
        node = list(node.values())
    for child in node if isinstance(node, list) else []:
        yield from references(child)


def test_the_committed_document_is_current():
    assert json.loads(COMMITTED.read_text()) == served(), "run: boka-app openapi > app/openapi.json"


def test_every_reference_leads_somewhere():
    document = served()

    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= names


def test_operation_ids_are_unique():
    ids = [operation["operationId"] for path in served()["paths"].values() for operation in path.values()]

    assert len(ids) == len(set(ids))


def operations():
    for path, methods in served()["paths"].items():
        for method, told in methods.items():
            yield f"{method} {path}", told


def test_an_operation_with_a_need_says_who_may_and_how_to_prove_it():
    told = served()["paths"]["/api/tenants/{slug}/settings"]["patch"]

    assert told["description"] == "Needs `tenant.write`, which is granted to: manager, owner."
    assert told["security"] == [{"accountToken": []}, {"apiKey": []}, {"session": []}]
    assert {"401", "403", "412", "428", "429"} <= told["responses"].keys()


def test_every_way_to_prove_who_asks_is_described():
    document = served()

    used = {name for _, told in operations() for way in told.get("security", []) for name in way}
    assert used == document["components"]["securitySchemes"].keys()


def test_every_operation_has_a_feature():
    known = {tag["name"] for tag in served()["tags"]}

    assert {name for name, told in operations() if not set(told["tags"]) <= known} == set()


def test_the_document_is_openapi_3_1():
    schemathesis.openapi.from_dict(served()).validate()
