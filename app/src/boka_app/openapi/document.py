"""Build the OpenAPI 3.1 document from the routes and what their responders say about themselves.

What follows from the form of an operation is added here, so that no responder repeats it: the refusals of whoever has
a body, a tenant, a query or a need; the ways to prove who asks; 304 for whoever takes If-None-Match.
"""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

import msgspec

from boka_app.identity.permissions import ROLES_BY_NEED
from boka_app.openapi.operations import Operation, Parameter, described_as
from boka_app.problems.catalog import ALWAYS, PROBLEMS, Problem

_METHODS = ("get", "post", "put", "patch", "delete", "query")
_KEY_BY_METHOD = {"query": "x-query"}  # OpenAPI knows QUERY from 3.2 on
_SAFE = ("get", "query")
_PATH_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")
_SCHEMA_BY_FORM: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "date": {"type": "string", "format": "date"},
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
}
_SECURITY = {
    "accountToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token that /api/auth/login answers.",
    },
    "apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "bk_…", "description": "An API key of the tenant."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-boka",
        "description": "The session of the staff's pages; counts from this site's own pages only.",
    },
    "bookingToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token that a booking answers; opens that appointment only.",
    },
}
_BY_HEADER = {
    "If-Match": ("match-missing", "version-changed"),
    "Idempotency-Key": ("idempotency-key-missing", "idempotency-key-reused"),
}
_WHO: list[dict[str, list[str]]] = [{"accountToken": []}, {"apiKey": []}, {"session": []}]


def build(routes: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """Return the document for every described responder of the routes."""
    found = list(described(routes))
    types = {id(t): t for _, _, op in found for t in (op.answer, op.body) if t is not None} | {id(Problem): Problem}
    schemas, components = msgspec.json.schema_components(types.values(), ref_template="#/components/schemas/{name}")
    schema_by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for template, method, op in found:
        path = _PATH_FIELD.sub(r"{\1}", template)
        paths.setdefault(path, {})[_KEY_BY_METHOD.get(method, method)] = _operation(
            template, method, op, schema_by_type
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Boka booking",
            "version": version("boka-app"),
            "description": "Free slots and appointments of the businesses on this site. Errors are RFC 9457 problems.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in sorted({tag_of(template) for template, _, _ in found})],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
    }


def described(routes: Iterable[tuple[str, object]]) -> Iterator[tuple[str, str, Operation]]:
    """Yield each described operation of the API with its template and method in small letters."""
    for template, resource in routes:
        for method in _METHODS if template.startswith("/api/") else ():
            op = described_as(getattr(resource, f"on_{method}", None))
            if op is not None:
                yield template, method, op


def tag_of(template: str) -> str:
    """Return the feature that an address belongs to: its first word after the tenant."""
    words = [word for word in template.split("/") if word and "{" not in word and word not in ("api", "tenants")]
    return words[0] if words else "tenant"


def _operation(template: str, method: str, op: Operation, schema_by_type: dict[int, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": op.summary,
        "operationId": _operation_id(template, method),
        "tags": [tag_of(template)],
        "parameters": _path_parameters(template) + [_parameter(p) for p in op.parameters],
        "responses": _answers(template, method, op, schema_by_type),
    }
    if op.body is not None:
        content = {"application/json": {"schema": schema_by_type[id(op.body)]}}
        told["requestBody"] = {"required": True, "content": content}
    if op.needs is not None:
        told["description"] = f"Needs `{op.needs}`, which is granted to: {', '.join(sorted(ROLES_BY_NEED[op.needs]))}."
        told["security"] = _WHO
    elif "token-missing" in op.problems:
        told["security"] = [{"bookingToken": []}]
    if op.retired is not None:
        told |= {"deprecated": True, "x-sunset": op.retired.sunset.isoformat()}
    return told


def _answers(template: str, method: str, op: Operation, schema_by_type: dict[int, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": op.summary}
    if op.answer is not None:
        success["content"] = {op.content: {"schema": schema_by_type[id(op.answer)]}}
    answers: dict[str, Any] = {str(op.status): success}
    if any(p.name == "If-None-Match" for p in op.parameters):
        answers["304"] = {"description": "The caller has this state already"}
    refusal = {"application/problem+json": {"schema": schema_by_type[id(Problem)]}}
    for name in dict.fromkeys((*op.problems, *_implied(template, method, op), *ALWAYS)):
        answer = answers.setdefault(str(PROBLEMS[name].status), {"description": "", "content": refusal})
        answer["description"] = f"{answer['description']}; {name}".removeprefix("; ")
    return answers


def _implied(template: str, method: str, op: Operation) -> Iterator[str]:
    """Yield the refusals that follow from the form of an operation."""
    if "{slug}" in template:
        yield "tenant-unknown"
    if ":" in template:
        yield "not-found"
    if any(p.kind == "query" for p in op.parameters):
        yield "parameter-invalid"
    for p in op.parameters:
        yield from _BY_HEADER.get(p.name, ())
    if op.body is not None:
        yield from ("body-malformed", "body-invalid", "body-too-large", "media-type")
    yield "not-authenticated"  # of whoever shows a session that has ended, everywhere
    if op.needs is not None:
        yield from ("not-allowed", "foreign-origin")
    if op.needs is not None or method not in _SAFE:
        yield "rate-limited"
    yield "maintenance"


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
