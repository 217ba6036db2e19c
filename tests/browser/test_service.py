"""What a client sees of the service under gunicorn: headers, streams, and how it ends."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from browser.conftest import Service

pytestmark = pytest.mark.postgresql
POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "script-src": "'self'",
    "connect-src": "'self'",
}


@pytest.mark.parametrize("path", ["/", "/b/{slug}", "/staff/login", "/nothing", "/api/tenants/{slug}"])
def test_every_answer_says_what_a_browser_may_do(site, salon, path):
    headers = httpx.get(site + path.format(slug=salon.slug)).headers

    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api/tenants/{slug}", "/api/account", "/staff/login"])
def test_no_other_site_may_read_an_answer(site, salon, method, path):
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}

    headers = httpx.request(method, site + path.format(slug=salon.slug), headers=asked).headers

    assert [name for name in headers if name.startswith("access-control-")] == []


def test_assets_are_kept_for_good_under_an_address_of_their_content(site, salon):
    page = httpx.get(f"{site}/b/{salon.slug}").text
    address = page.split('src="')[1].split('"')[0]

    answer = httpx.get(site + address)

    assert "?v=" in address
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]


def test_an_open_stream_does_not_keep_the_service_from_ending(database, salon, tmp_path):
    with Service(database, tmp_path) as service, ThreadPoolExecutor(1) as pool:
        ready, ended = [], pool.submit(listen, f"{service.url}/b/{salon.slug}/live", lambda: ready.append(True))
        while not ready:
            time.sleep(0.05)
        began = time.monotonic()
        service.process.terminate()

        assert service.process.wait(timeout=10) == 0
        assert time.monotonic() - began < 4  # the graceful time-out of 2 s, and a busy machine
        assert ended.result(timeout=2) == b"retry"


def listen(address, ready):
    """Read a stream until the service ends it; return the name of its first field."""
    read = b""
    try:
        with httpx.stream("GET", address, timeout=20) as stream:
            for chunk in stream.iter_raw():
                read += chunk
                ready()
    except httpx.RemoteProtocolError:
        pass  # cut at the end of the graceful time-out; a browser comes back by itself
    return b"retry" if b"retry: 3000" in read else read
