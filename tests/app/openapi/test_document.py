"""The committed document is the one the code makes, and every operation in it is described."""

import json
from pathlib import Path

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


def test_only_the_operations_on_one_appointment_need_its_token():
    paths = served()["paths"].items()

    guarded = {(path, method) for path, item in paths for method, operation in item.items() if "security" in operation}
    one = "/api/tenants/{slug}/appointments/{appointment_id}"
    assert guarded == {
        *((one, method) for method in ("get", "patch", "delete")),
        (f"{one}/policy-preview", "get"),
        (f"{one}/payment", "post"),
    }
