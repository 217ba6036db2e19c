"""The edge as a browser meets it: names, TLS, redirects, the booking page, and what it says when it must refuse."""

import socket
import ssl

import pytest
from reach import PinnedConnection

testinfra_hosts = ["ansible://edge?sudo=true"]
pytestmark = pytest.mark.journal("nginx.service")


@pytest.fixture
def here(host, address):
    """Address of the edge under test."""
    return address(host.backend.host)


@pytest.fixture
def ask(here, believes_site):
    """Ask the edge for a path of a name; return the answer, its body read."""

    def ask_for(path, *, name="boka.test", method="GET", body=None):
        connection = PinnedConnection(name, here, believes_site)
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    return ask_for


@pytest.fixture
def maintenance(host):
    host.check_output("touch /etc/boka/maintenance")
    yield
    host.check_output("rm /etc/boka/maintenance")


@pytest.mark.parametrize("name", ["boka.test", "salon.boka.test"])
def test_a_browser_gets_the_service_over_https(ask, name):
    answer = ask("/api/health/ready", name=name)

    assert (answer.status, '"ready":true' in answer.text.replace(" ", "")) == (200, True)


def test_the_booking_page_is_a_page(ask):
    answer = ask("/b/demo")

    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "text/html")


def test_browsers_are_told_to_stay_with_https(ask):
    assert "max-age=63072000" in ask("/").headers["Strict-Transport-Security"]


def test_plain_http_leads_to_https(here):
    with socket.create_connection((here, 80), timeout=5) as client:
        client.sendall(b"GET /b/demo HTTP/1.1\r\nHost: boka.test\r\nConnection: close\r\n\r\n")
        answer = client.makefile().read()

    assert answer.startswith("HTTP/1.1 301")
    assert "Location: https://boka.test/b/demo" in answer


def test_a_name_that_is_not_ours_gets_no_handshake(here):
    stranger = ssl.create_default_context()

    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        PinnedConnection("stranger.invalid", here, stranger).connect()


def test_http_2_is_spoken(here, site_authority):
    browser = ssl.create_default_context(cafile=str(site_authority))
    browser.set_alpn_protocols(["h2", "http/1.1"])

    with socket.create_connection((here, 443), timeout=5) as plain:
        session = browser.wrap_socket(plain, server_hostname="boka.test")

        assert session.selected_alpn_protocol() == "h2"


def test_a_body_that_is_too_large_is_refused(ask):
    answer = ask("/api/tenants/demo/appointments", method="POST", body=b"x" * (1024 * 1024 + 1))

    assert answer.status == 413


@pytest.mark.usefixtures("maintenance")
def test_maintenance_is_said_in_the_clients_own_form(ask):
    page, api = ask("/b/demo"), ask("/api/tenants/demo/services")

    assert [
        (one.status, one.headers["Content-Type"].split(";")[0], one.headers["Retry-After"]) for one in (page, api)
    ] == [
        (503, "text/html", "60"),
        (503, "application/problem+json", "60"),
    ]
