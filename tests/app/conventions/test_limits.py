"""Too many requests of one caller are refused with what to do; reads of nobody are not counted."""

import asyncio
import itertools
import os
from contextlib import AsyncExitStack
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_OID, uuid4, uuid5

import falcon.asgi
import pytest
from boka_app.conventions.limits import RateLimits, _Alone, client_address, network
from boka_app.middleware import RequestMiddleware
from boka_app.problems import handlers
from boka_app.settings import RateLimitSettings, ValkeySettings
from falcon import testing

VALKEY = "BOKA_TEST_VALKEY_URL"
LIMITS = RateLimitSettings(requests_per_minute=3, anonymous_writes_per_minute=2)
AWAY = ValkeySettings(host="127.0.0.1", port=1, user="booking", authority=None, password=None)


class Knows:
    """Finds out who asks, as identity does: by a header, here."""

    async def process_resource(self, req, _resp, _resource, _params):
        name = req.get_header("Who")
        if name:
            req.context.principal = SimpleNamespace(kind="api_key", id=uuid5(NAMESPACE_OID, name))


class Thing:
    async def on_get(self, _req, resp):
        resp.media = []

    on_post = on_get


class Webhook(Thing):
    unlimited = True


def app(limits=LIMITS, valkey=None):
    made = falcon.asgi.App(middleware=[Knows(), RateLimits(limits, valkey, now=lambda: 12.5)])
    handlers.install(made)
    made.add_route("/api/thing", Thing())
    made.add_route("/api/webhook", Webhook())
    return made


def send(*requests, path="/api/thing", workers=None):
    """Send requests (method, headers) to workers in turn; return the answers."""

    async def whole():
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(testing.ASGIConductor(made)) for made in workers or [app()]]
            turns = zip(itertools.cycle(clients), requests, strict=False)
            return [await client.simulate_request(method, path, headers=given) for client, (method, given) in turns]

    return asyncio.run(whole())


def shared():
    url = urlsplit(os.environ[VALKEY])
    (authority,) = parse_qs(url.query)["ssl_ca_certs"]
    return ValkeySettings(
        host=url.hostname or "", port=url.port or 0, user=url.username or "", authority=authority, password=url.password
    )


def statuses(answers):
    return [answer.status_code for answer in answers]


def test_writes_of_nobody_are_limited_by_address():
    answers = send(*[("POST", {})] * 3, ("POST", {"X-Real-IP": "192.0.2.9"}))

    assert statuses(answers) == [200, 200, 429, 200]
    assert answers[2].json["type"] == "/problems/rate-limited"


def test_a_refusal_says_when_to_go_on():
    refused = send(*[("POST", {})] * 3)[2]

    assert refused.headers["RateLimit-Policy"] == '"anonymous-writes";q=2;w=60'
    assert refused.headers["RateLimit"] == f'"anonymous-writes";r=0;t={refused.headers["Retry-After"]}'
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_reads_of_nobody_are_not_counted():
    answers = send(*[("GET", {})] * 10)

    assert {(answer.status_code, "RateLimit" in answer.headers) for answer in answers} == {(200, False)}


def test_reads_of_a_key_are_counted_and_told():
    answers = send(*[("GET", {"Who": "key"})] * 4, ("GET", {"Who": "other key"}))

    assert statuses(answers) == [200, 200, 200, 429, 200]
    assert answers[0].headers["RateLimit"].startswith('"callers";r=2;t=')


def test_what_must_be_reached_at_any_rate_is():
    answers = send(*[("POST", {})] * 10, path="/api/webhook")

    assert set(statuses(answers)) == {200}


def test_a_limit_of_zero_is_none():
    free = app(RateLimitSettings(requests_per_minute=0, anonymous_writes_per_minute=0))

    assert set(statuses(send(*[("POST", {})] * 200, workers=[free]))) == {200}


def test_each_worker_counts_alone_while_valkey_is_away():
    answers = send(*[("POST", {})] * 6, workers=[app(valkey=AWAY), app(valkey=AWAY)])

    assert statuses(answers) == [200, 200, 200, 200, 429, 429]


@pytest.mark.skipif(VALKEY not in os.environ, reason=f"{VALKEY} is not set: needs a Valkey")
def test_valkey_counts_for_all_workers():
    answers = send(*[("GET", {"Who": f"key-{uuid4()}"})] * 4, workers=[app(valkey=shared()), app(valkey=shared())])

    assert statuses(answers) == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("later_s", "allowed"),
    [
        pytest.param(59, False, id="within the minute"),
        pytest.param(60, False, id="at the next minute's begin the one before counts whole"),
        pytest.param(90, True, id="half a minute later, half"),
        pytest.param(180, True, id="after a minute without requests, nothing"),
    ],
)
def test_a_minute_counts_until_it_lies_sixty_seconds_back(later_s, allowed):
    alone, begin = _Alone(), 1_000_000 * 60
    first = [alone.hit("key", 2, begin).allowed for _ in range(3)]

    assert (first, alone.hit("key", 2, begin + later_s).allowed) == ([True, True, False], allowed)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", id="IPv4 as it is"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="IPv6 by the network"),
        pytest.param("", "unknown", id="a Unix socket"),
    ],
)
def test_a_caller_is_a_network_that_one_customer_has(address, counted):
    assert network(address) == counted


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        pytest.param("198.18.0.12", "192.0.2.9", id="the edge says where a request comes from"),
        pytest.param("::1", "192.0.2.9", id="by IPv6 too"),
        pytest.param("198.18.1.12", "198.18.1.12", id="nobody else chooses an address"),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer, address):
    headers = {"X-Real-IP": "192.0.2.9", "X-Forwarded-For": "203.0.113.1"}
    req = testing.create_asgi_req(headers=headers, remote_addr=peer)
    asyncio.run(RequestMiddleware(("198.18.0.0/24", "::1")).process_request(req, falcon.asgi.Response()))

    assert client_address(req) == address
