"""Who is let in: tokens, keys and cookies, on operations of the test's own, beside the service's."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from boka_app.database import make_pool
from boka_app.identity.tokens import digest
from boka_app.main import create_app
from boka_app.openapi.operations import operation
from falcon import testing

from app.builders import NOW
from app.conftest import settings

pytestmark = pytest.mark.postgresql


class Probe:
    """Answers who asks, if it is let through."""

    @operation("Look", answer=str, needs="catalog.read")
    async def on_get(self, req, resp, slug):
        resp.media = {"role": req.context.principal.role, "kind": req.context.principal.kind, "slug": slug}

    @operation("Change", answer=str, needs="catalog.write")
    async def on_post(self, _req, resp, slug):
        resp.media = slug

    @operation("Open", answer=str)
    async def on_put(self, req, resp, slug):
        principal = req.context.principal
        resp.media = {"slug": slug, "known": principal is not None and principal.may("catalog.read")}


class Platform:
    @operation("Look", answer=str, needs="platform.read")
    async def on_get(self, _req, resp):
        resp.media = "platform"


@pytest.fixture
def ask(database):
    """Send requests, (method, path, headers), to the service with the probes beside it."""

    def run(*requests, now=NOW):
        async def whole():
            pool = make_pool(database.as_role("booking_app"), max_size=4)
            app = create_app(settings(), pool=pool, now=lambda: now)
            app.add_route("/api/tenants/{slug}/probe", Probe())
            app.add_route("/staff/{slug}/probe", Probe())
            app.add_route("/api/admin/probe", Platform())
            async with testing.ASGIConductor(app) as client:
                return [await client.simulate_request(m, p, headers=h) for m, p, h in requests]

        answers = asyncio.run(whole())
        return answers[0] if len(answers) == 1 else answers

    return run


@pytest.fixture
def key(admin):
    """Make an API key and return its header."""

    def make(tenant_id, *scopes, expires_at=NOW + timedelta(days=1)):
        secret = f"bk_{uuid4().hex}"
        admin.execute(
            "insert into api_key (tenant_id, id, name, prefix, secret_hash, scopes, expires_at)"
            " values (%s, %s, 'Key', 'bk_x', %s, %s, %s)",
            [tenant_id, uuid4(), digest("key", secret), list(scopes), expires_at],
        )
        return {"Authorization": f"Bearer {secret}"}

    return make


@pytest.fixture
def cookie(admin, salon):
    """Log an owner of the salon in as a browser would be."""
    account_id = uuid4()
    admin.execute("insert into account (id, email, name) values (%s, %s, 'O')", [account_id, f"{account_id}@x.org"])
    admin.execute("insert into membership values (%s, %s, 'owner')", [salon.id, account_id])
    admin.execute(
        "insert into account_session (id, account_id, secret_hash, expires_at) values (%s, %s, %s, %s)",
        [uuid4(), account_id, digest("browser", account_id.hex), NOW + timedelta(hours=1)],
    )
    return {"Cookie": f"__Host-boka={account_id.hex}"}


def test_nobody_is_asked_to_log_in(ask, salon):
    answer = ask(("GET", f"{salon.address}/probe", {}))

    assert (answer.status_code, answer.json["type"]) == (401, "/problems/not-authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_member_is_let_in_with_the_role_it_has_there(ask, salon, staff):
    answer = ask(("GET", f"{salon.address}/probe", staff(salon, "read_only")))

    assert answer.json == {"role": "read_only", "kind": "account", "slug": salon.slug}


def test_a_role_without_the_permission_is_refused(ask, salon, staff):
    answer = ask(("POST", f"{salon.address}/probe", staff(salon, "read_only")))

    assert (answer.status_code, answer.json["type"]) == (403, "/problems/not-allowed")


def test_a_member_of_another_tenant_is_refused(ask, make_salon, staff):
    here, there = make_salon(), make_salon()

    assert ask(("GET", f"{there.address}/probe", staff(here))).status_code == 403


def test_a_tenant_that_does_not_exist_is_answered_404(ask, salon, staff):
    assert ask(("GET", "/api/tenants/nowhere-at-all/probe", staff(salon))).status_code == 404


def test_a_revoked_session_ends_at_once_although_its_token_lives(ask, salon, staff, admin):
    header = staff(salon)
    before = ask(("GET", f"{salon.address}/probe", header))
    admin.execute("update account_session set revoked_at = now(), revoke_reason = 'forced'")

    after = ask(("GET", f"{salon.address}/probe", header))
    assert (before.status_code, after.status_code) == (200, 401)


def test_a_disabled_account_is_out(ask, salon, staff, admin):
    header = staff(salon)
    admin.execute("update account set disabled_at = now()")

    assert ask(("GET", f"{salon.address}/probe", header)).status_code == 401


def test_an_administrator_needs_a_second_factor(ask, staff):
    with_it = ask(("GET", "/api/admin/probe", staff(role="platform_admin")))
    without = ask(("GET", "/api/admin/probe", staff(role="platform_admin", mfa=False)))

    assert (with_it.status_code, without.status_code) == (200, 403)
    assert without.json["type"] == "/problems/mfa-required"


def test_an_administrator_has_no_business_in_a_tenant(ask, salon, staff):
    assert ask(("GET", f"{salon.address}/probe", staff(role="platform_admin"))).status_code == 403


def test_an_owner_is_no_administrator(ask, salon, staff):
    assert ask(("GET", "/api/admin/probe", staff(salon))).status_code == 403


def test_an_open_operation_knows_who_asks_if_told(ask, salon, staff):
    known, unknown = ask(("PUT", f"{salon.address}/probe", staff(salon)), ("PUT", f"{salon.address}/probe", {}))

    assert (known.json["known"], unknown.json["known"]) == (True, False)


def test_a_customers_token_on_an_open_operation_is_left_to_it(ask, salon):
    answer = ask(("PUT", f"{salon.address}/probe", {"Authorization": "Bearer of-an-appointment"}))

    assert answer.json["known"] is False


@pytest.mark.parametrize(
    ("scopes", "method", "status"),
    [
        pytest.param(["catalog.read"], "GET", 200, id="named"),
        pytest.param(["catalog.read"], "POST", 403, id="not named"),
        pytest.param(["*"], "POST", 200, id="all"),
    ],
)
def test_a_key_reaches_as_far_as_its_scopes(ask, salon, key, scopes, method, status):
    assert ask((method, f"{salon.address}/probe", key(salon.id, *scopes))).status_code == status


def test_a_key_of_another_tenant_is_refused(ask, make_salon, key):
    here, there = make_salon(), make_salon()

    assert ask(("GET", f"{there.address}/probe", key(here.id, "*"))).status_code == 403


def test_an_expired_key_is_unknown(ask, salon, key):
    assert ask(("GET", f"{salon.address}/probe", key(salon.id, "*", expires_at=NOW))).status_code == 401


def test_the_use_of_a_key_is_noted_once_a_minute(ask, salon, key, admin):
    header, request = key(salon.id, "*"), f"{salon.address}/probe"
    ask(("GET", request, header), now=NOW)
    ask(("GET", request, header), now=NOW + timedelta(seconds=59))

    (used_at,) = admin.execute("select last_used_at from api_key where tenant_id = %s", [salon.id]).fetchone()
    assert used_at == NOW


def test_a_browser_is_known_by_its_cookie(ask, salon, cookie):
    assert ask(("GET", f"{salon.address}/probe", cookie)).json["role"] == "owner"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 403, id="no origin"),
        pytest.param({"Origin": "https://evil.test"}, 403, id="another site"),
        pytest.param({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403, id="another site, hidden"),
        pytest.param({"Origin": "https://boka.test"}, 200, id="ours"),
        pytest.param({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200, id="ours, without referrer"),
    ],
)
def test_a_change_by_cookie_must_come_from_our_own_page(ask, salon, cookie, headers, status):
    assert ask(("POST", f"{salon.address}/probe", cookie | headers)).status_code == status


def test_a_browser_without_a_session_is_led_to_the_log_in(ask, salon):
    answer = ask(("GET", f"/staff/{salon.slug}/probe", {"Accept": "text/html"}))

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/staff/login?next=/staff/{salon.slug}/probe"


def test_a_cookies_secret_is_no_refresh_token_and_no_bearer(ask, salon, cookie):
    bearer = {"Authorization": cookie["Cookie"].replace("__Host-boka=", "Bearer ")}

    assert ask(("GET", f"{salon.address}/probe", bearer)).status_code == 401
