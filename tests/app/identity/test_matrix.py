"""Every operation x everybody x own tenant, another, none: made from the routes, so a new address is in it at once.

The responders are replaced by ones that only answer: what is looked at is who gets as far as that.
"""

import re
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from boka_app import main
from boka_app.identity.permissions import NEEDS_BY_ROLE, ROLES, ROLES_BY_NEED
from boka_app.identity.tokens import digest
from boka_app.openapi.operations import described_as
from boka_app.tenants.model import PLATFORM

from app.builders import NOW
from app.conftest import settings

ROUTES = main.routes
# Whatever may be asked by everybody. A new operation goes here only if that is meant; else it says what it needs.
PUBLIC = {
    "GET /api/health",
    "GET /api/health/ready",
    "GET /api/metrics",
    "GET /api/openapi.json",
    "POST /api/auth/login",
    "POST /api/auth/refresh",
    "POST /api/auth/password",
    "POST /api/auth/password-reset",
    "GET /api/tenants/{slug}",
    "GET /api/tenants/{slug}/services",
    "GET /api/tenants/{slug}/employees",
    "GET /api/tenants/{slug}/slots",
    "QUERY /api/tenants/{slug}/slots",
    "HEAD /api/openapi.json",
    "GET /staff/password",
    "POST /staff/password",
    "GET /staff/password/{token}",
    "POST /staff/password/{token}",
    "GET /staff/login",
    "POST /staff/login",
    "POST /api/tenants/{slug}/appointments",
    "POST /api/tenants/{slug}/holds",
    "POST /api/tenants/{slug}/series",
    "POST /api/tenants/{slug}/waitlist",
    "GET /api/tenants/{slug}/appointments/{appointment_id:uuid}",
    # By the token that its booking, feed or consent returned; by the provider's signature:
    "DELETE /api/tenants/{slug}/appointments/{appointment_id:uuid}",
    "PATCH /api/tenants/{slug}/appointments/{appointment_id:uuid}",
    "GET /api/tenants/{slug}/appointments/{appointment_id:uuid}/policy-preview",
    "POST /api/tenants/{slug}/appointments/{appointment_id:uuid}/payment",
    "POST /api/tenants/{slug}/appointments/{appointment_id:uuid}/accept",
    "DELETE /api/tenants/{slug}/holds/{hold_id:uuid}",
    "GET /api/tenants/{slug}/series/{series_id:uuid}",
    "DELETE /api/tenants/{slug}/series/{series_id:uuid}",
    "GET /api/tenants/{slug}/waitlist/{entry_id:uuid}",
    "DELETE /api/tenants/{slug}/waitlist/{entry_id:uuid}",
    "GET /api/tenants/{slug}/feeds/{token}.ics",
    "GET /api/calendars/oauth/{provider}",
    "POST /api/tenants/{slug}/payments/webhooks/{provider}",
}
VALUES = {"uuid": str(uuid4()), "date": "2026-11-23", "int": "1", "": "some"}


def operations(routes):
    """Return every responder under /api and of the staff's pages with its method and template."""
    return [
        (name.removeprefix("on_").upper(), template, getattr(resource, name))
        for template, resource in routes
        if template.startswith(("/api/", "/staff"))
        for name in dir(resource)
        if name.startswith("on_") and callable(getattr(resource, name))
    ]


def stub(responder):
    async def answer(_req, resp, **_path):
        resp.status = 204

    answer.operation = described_as(responder)
    return answer


def stubs(routes):
    """Return the routes with responders that only answer."""
    by_template = {}
    for method, template, responder in operations(routes):
        by_template.setdefault(template, {})[f"on_{method.lower()}"] = stub(responder)
    return [(template, SimpleNamespace(**responders)) for template, responders in by_template.items()]


@pytest.fixture
def known(monkeypatch):
    """The operations of the service, once it is made; by then they only answer."""
    found = []

    def routes(parts):
        made = ROUTES(parts)
        found.extend(operations(made))
        return stubs(made)

    monkeypatch.setattr(main, "routes", routes)
    main.create_app(settings())
    return [(method, template, described_as(responder)) for method, template, responder in found]


@pytest.fixture
def ask_all(known, talk):
    """Ask for every operation as one caller; return the problem's name, or "in", by operation."""

    def run(slug, headers_for):
        async def conversation(service):
            return {
                f"{method} {template}": await ask(service, method, template, slug, headers_for(needs_of(described)))
                for method, template, described in known
                if method != "WEBSOCKET"
            }

        return talk(conversation)

    return run


async def ask(service, method, template, slug, headers):
    path = re.sub(r"\{\w+:?(\w*)(\([^)]*\))?\}", lambda field: VALUES[field[1]], template.replace("{slug}", slug))
    answer = await service.send(method, path, headers=headers)
    if answer.status_code == 303:
        return "not-authenticated"  # the staff's pages lead to the log-in
    return "in" if answer.status_code == 204 else answer.json["type"].removeprefix("/problems/")


def needs_of(described):
    return described.needs if described else None


def expected(known, let_in, refusal="not-allowed"):
    """Return what everybody should find who is let in where `let_in(need, template)` says so."""
    return {
        f"{method} {template}": "in" if needs_of(op) is None or let_in(needs_of(op), template) else refusal
        for method, template, op in known
        if method != "WEBSOCKET"
    }


@pytest.fixture
def key(admin):
    """Make a key and return its header; the same scopes give the same key."""
    made = {}

    def make(tenant_id, *scopes):
        if (tenant_id, scopes) not in made:
            made[tenant_id, scopes] = f"bk_{uuid4().hex}"
            values = [tenant_id, uuid4(), digest("key", made[tenant_id, scopes]), list(scopes), NOW + timedelta(days=1)]
            statement = (
                "insert into api_key (tenant_id, id, name, prefix, secret_hash, scopes, expires_at)"
                " values (%s, %s, 'Key', 'bk_x', %s, %s, %s)"
            )
            admin.execute(statement, values)
        return {"Authorization": f"Bearer {made[tenant_id, scopes]}"}

    return make


def test_every_operation_needs_something_or_is_meant_for_everybody(known):
    open_to_all = {f"{method} {template}" for method, template, op in known if needs_of(op) is None}

    assert open_to_all - PUBLIC == set(), "say @operation(needs=…), or add it to PUBLIC above if everybody may ask"


def test_every_need_is_in_the_table(known):
    assert {needs_of(op) for _, _, op in known} - {None} <= set(ROLES_BY_NEED)


@pytest.mark.postgresql
def test_nobody_gets_in_but_where_everybody_may(known, ask_all, salon):
    assert ask_all(salon.slug, lambda _need: {}) == expected(known, lambda *_: False, "not-authenticated")


@pytest.mark.postgresql
@pytest.mark.parametrize("role", ROLES)
def test_a_member_gets_in_where_the_role_may(known, ask_all, salon, staff, role):
    header = staff(salon, role)

    def let_in(need, template):
        return need == "account.self" or (role in ROLES_BY_NEED[need] and "{slug}" in template)

    assert ask_all(salon.slug, lambda _need: header) == expected(known, let_in)


@pytest.mark.postgresql
@pytest.mark.parametrize("role", ROLES)
def test_a_member_of_another_tenant_gets_into_the_own_account_only(known, ask_all, make_salon, staff, role):
    header = staff(make_salon(), role)

    assert ask_all(make_salon().slug, lambda _need: header) == expected(known, lambda need, _: need == "account.self")


@pytest.mark.postgresql
def test_an_owner_finds_no_tenant_that_does_not_exist(known, ask_all, salon, staff):
    header = staff(salon)
    answers = ask_all("nowhere-at-all", lambda need: header if need else {})

    wanted = {f"{m} {t}": "tenant-unknown" for m, t, op in known if "{slug}" in t and needs_of(op) and m != "WEBSOCKET"}
    assert {name: answers[name] for name in wanted} == wanted


@pytest.mark.postgresql
def test_an_administrator_gets_into_the_platform_and_no_tenant(known, ask_all, salon, staff):
    header = staff(role="platform_admin")

    def let_in(need, _template):
        return need == "account.self" or "platform_admin" in ROLES_BY_NEED[need]

    assert ask_all(salon.slug, lambda _need: header) == expected(known, let_in)


@pytest.mark.postgresql
def test_a_key_gets_in_where_its_scope_says(known, ask_all, salon, key):
    answers = ask_all(salon.slug, lambda need: key(salon.id, need or "catalog.read"))

    assert answers == expected(known, lambda need, template: need in NEEDS_BY_ROLE["owner"] and "{slug}" in template)


@pytest.mark.postgresql
def test_a_key_gets_in_nowhere_else(known, ask_all, salon, key):
    def other(need):
        return key(salon.id, "messages.read" if need != "messages.read" else "catalog.read")

    assert ask_all(salon.slug, other) == expected(known, lambda *_: False)


@pytest.mark.postgresql
def test_a_key_of_another_tenant_gets_in_nowhere(known, ask_all, make_salon, key):
    there = make_salon()

    answers = ask_all(make_salon().slug, lambda need: key(there.id, need or "catalog.read", "*"))
    assert answers == expected(known, lambda *_: False)


@pytest.mark.postgresql
def test_a_key_for_all_does_what_a_manager_does(known, ask_all, salon, key):
    def let_in(need, template):
        return need in NEEDS_BY_ROLE["manager"] and "{slug}" in template

    assert ask_all(salon.slug, lambda _need: key(salon.id, "*")) == expected(known, let_in)


@pytest.mark.postgresql
def test_a_key_of_the_platform_gets_into_no_tenant(known, ask_all, salon, key):
    answers = ask_all(salon.slug, lambda _need: key(PLATFORM, "*"))

    assert answers == expected(known, lambda need, _: need.startswith("platform."))
