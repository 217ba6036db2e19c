"""Build the OpenAPI 3.1 document from the routes and what their responders say about themselves.

What follows from the form of an operation is added here, so that no responder repeats it: the refusals of whoever has
a body, a tenant, a query or a need; the ways to prove who asks; 304 for whoever takes If-None-Match.
"""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

import falcon
import msgspec
from psycopg import OperationalError

from boka_app.appointments.model import TokenMissing
from boka_app.conventions.model import MatchMissing, RateLimited, VersionChanged
from boka_app.errors import Kind
from boka_app.idempotency.model import KeyMissing, KeyReused
from boka_app.identity.model import ForeignOrigin, InMaintenance, MfaRequired, NotAllowed, NotAuthenticated, ReadOnly
from boka_app.identity.permissions import MFA_ROLES, ROLES_BY_NEED
from boka_app.identity.switches import EXEMPT
from boka_app.openapi.operations import IF_NONE_MATCH, SCHEMA_BY_FORM, described_as, operation
from boka_app.problems.catalog import Problem, kind_of
from boka_app.tenants.model import TenantUnknown

_METHODS = ("get", "post", "put", "patch", "delete", "query")
_KEY_BY_METHOD = {"query": "x-query"}  # OpenAPI knows QUERY from 3.2 on
_SAFE = ("get", "query")
_PATH_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")
_BEARER = {"type": "http", "scheme": "bearer"}
_SECURITY = {
    "accountToken": _BEARER | {"bearerFormat": "JWT", "description": "The access token that /api/auth/login answers."},
    "apiKey": _BEARER | {"bearerFormat": "bk_…", "description": "An API key of the tenant."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-boka",
        "description": "The session of the staff's pages; counts from this site's own pages only.",
    },
    "bookingToken": _BEARER | {"description": "The token that a booking answers; opens that appointment only."},
}
_ALWAYS = (falcon.HTTPError, falcon.HTTPMethodNotAllowed, OperationalError, Exception)
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
        told = _operation(template, method, op, schema_by_type)
        paths.setdefault(path, {})[_KEY_BY_METHOD.get(method, method)] = told
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


def described(routes: Iterable[tuple[str, object]]) -> Iterator[tuple[str, str, operation]]:
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


def _operation(template: str, method: str, op: operation, schema_by_type: dict[int, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": op.summary,
        "operationId": _operation_id(template, method),
        "tags": [tag_of(template)],
        "parameters": [*_path_parameters(template), *op.parameters],
        "responses": _answers(template, method, op, schema_by_type),
    }
    if op.body is not None:
        content = {"application/json": {"schema": schema_by_type[id(op.body)]}}
        told["requestBody"] = {"required": True, "content": content}
    if op.needs is not None:
        told["description"] = f"Needs `{op.needs}`, which is granted to: {', '.join(sorted(ROLES_BY_NEED[op.needs]))}."
        told["security"] = _WHO
    elif TokenMissing in op.problems:
        told["security"] = [{"bookingToken": []}]
    if op.retired is not None:
        told |= {"deprecated": True, "x-sunset": op.retired.sunset.isoformat()}
    return told


def _answers(template: str, method: str, op: operation, schema_by_type: dict[int, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": op.summary}
    if op.answer is not None:
        success["content"] = {op.content: {"schema": schema_by_type[id(op.answer)]}}
    answers: dict[str, Any] = {str(op.status): success}
    if IF_NONE_MATCH in op.parameters:
        answers["304"] = {"description": "The caller has this state already"}
    refusal = {"application/problem+json": {"schema": schema_by_type[id(Problem)]}}
    for name, status in sorted({(kind.name, kind.status) for kind in refusals(template, method, op)}):
        answer = answers.setdefault(str(status), {"description": "", "content": refusal})
        answer["description"] = f"{answer['description']}; {name}".removeprefix("; ")
    return answers


def refusals(template: str, method: str, op: operation) -> Iterator[Kind]:
    """Yield every kind of refusal of an operation: those it names, and those that follow from its form."""
    return map(kind_of, (*op.problems, *_implied(template, method, op), *_ALWAYS))


def _implied(template: str, method: str, op: operation) -> Iterator[type[Exception]]:
    changing, roles = method not in _SAFE, ROLES_BY_NEED.get(op.needs or "", frozenset())
    required_by_name = {p["name"]: p["required"] for p in op.parameters}
    follows: list[tuple[object, tuple[type[Exception], ...]]] = [
        ("{slug}" in template, (TenantUnknown,)),
        (":" in template, (falcon.HTTPNotFound,)),
        (any(p["in"] == "query" for p in op.parameters), (falcon.HTTPInvalidParam,)),
        ("Idempotency-Key" in required_by_name, (KeyMissing, KeyReused)),
        ("If-Match" in required_by_name, (VersionChanged,)),
        (required_by_name.get("If-Match"), (MatchMissing,)),
        (op.body, (msgspec.DecodeError, msgspec.ValidationError)),
        (op.body, (falcon.HTTPContentTooLarge, falcon.HTTPUnsupportedMediaType)),
        (True, (NotAuthenticated,)),  # of whoever shows a session that has ended, everywhere
        (roles, (NotAllowed, ForeignOrigin)),
        (roles & MFA_ROLES, (MfaRequired,)),
        (roles or changing, (RateLimited,)),
        (not template.startswith(EXEMPT), (InMaintenance, ReadOnly)[: 1 + changing]),
    ]
    return (refusal for holds, refusals in follows if holds for refusal in refusals)


def _operation_id(template: str, method: str) -> str:
    words = re.findall(r"[a-z]+", _PATH_FIELD.sub("", template).removeprefix("/api"))
    one = "_one" if template.endswith("}") else ""
    return "_".join([method, *words]) + one


def _path_parameters(template: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": SCHEMA_BY_FORM[converter or "text"]}
        for name, converter in _PATH_FIELD.findall(template)
    ]
