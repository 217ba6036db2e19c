"""Build the OpenAPI 3.1 document from the routes and what their responders say about themselves."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import msgspec

from boka_app.openapi.operations import Operation, Parameter, described_as
from boka_app.problems.catalog import ALWAYS, PROBLEMS, Problem

_METHODS = ("get", "post", "put", "patch", "delete")
_PATH_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")
_SCHEMA_BY_FORM: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "date": {"type": "string", "format": "date"},
    "text": {"type": "string"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
}


def build(routes: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """Return the document for every described responder of the routes."""
    found = [
        (template, method, described)
        for template, resource in routes
        for method in _METHODS
        if (described := described_as(getattr(resource, f"on_{method}", None))) is not None
    ]
    types = {id(t): t for _, _, op in found for t in (op.answer, op.body) if t is not None} | {id(Problem): Problem}
    schemas, components = msgspec.json.schema_components(types.values(), ref_template="#/components/schemas/{name}")
    schema_by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for template, method, op in found:
        path = _PATH_FIELD.sub(r"{\1}", template)
        paths.setdefault(path, {})[method] = _operation(template, method, op, schema_by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Boka booking",
            "version": version("boka-app"),
            "description": "Free slots and appointments of the businesses on this site. Errors are RFC 9457 problems.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bookingToken": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(template: str, method: str, op: Operation, schema_by_type: dict[int, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": op.summary}
    if op.answer is not None:
        answer["content"] = {"application/json": {"schema": schema_by_type[id(op.answer)]}}
    answers: dict[str, Any] = {str(op.status): answer}
    for name in (*op.problems, *ALWAYS):
        kind = PROBLEMS[name]
        answer = answers.setdefault(
            str(kind.status),
            {
                "description": "",
                "content": {"application/problem+json": {"schema": schema_by_type[id(Problem)]}},
            },
        )
        answer["description"] = f"{answer['description']}; {name}".removeprefix("; ")
    described: dict[str, Any] = {
        "summary": op.summary,
        "operationId": _operation_id(template, method),
        "parameters": _path_parameters(template) + [_parameter(p) for p in op.parameters],
        "responses": answers,
    }
    if op.body is not None:
        content = {"application/json": {"schema": schema_by_type[id(op.body)]}}
        described["requestBody"] = {"required": True, "content": content}
    if "token-missing" in op.problems:
        described["security"] = [{"bookingToken": []}]
    return described


def _operation_id(template: str, method: str) -> str:
    words = re.findall(r"[a-z]+", _PATH_FIELD.sub("", template).removeprefix("/api"))
    one = "_one" if template.endswith("}") else ""
    return "_".join([method, *words]) + one


def _path_parameters(template: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _SCHEMA_BY_FORM[converter or "text"]}
        for name, converter in _PATH_FIELD.findall(template)
    ]


def _parameter(given: Parameter) -> dict[str, Any]:
    return {
        "name": given.name,
        "in": given.kind,
        "required": given.required,
        "description": given.description,
        "schema": _SCHEMA_BY_FORM[given.form],
    }
