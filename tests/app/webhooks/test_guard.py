"""Where webhooks may go."""

import asyncio
from urllib.parse import urlsplit

import pytest
from boka_app.webhooks.guard import is_allowed, is_public, locate, pinned
from boka_app.webhooks.model import AddressRefused


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "198.18.0.1",  # noqa: S104  nothing binds
        "224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1", "::",
    ],
)  # fmt: skip
def test_what_is_not_the_internet_is_private(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_the_internet_is_public(address):
    assert is_public(address)


def test_a_network_that_the_operator_allowed_may_be_reached():
    assert is_allowed("198.18.0.9", ["198.18.0.0/15"])
    assert not is_allowed("198.20.0.9", ["198.18.0.0/15"])
    assert not is_allowed("example.org", ["198.18.0.0/15"])


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "http://93.184.216.34/", "https://2130706433/", "https://localhost/", "https://[::1]/"],
)
def test_an_address_that_is_private_or_not_https_is_refused(url):
    with pytest.raises(AddressRefused):
        asyncio.run(locate(url, ()))


@pytest.mark.parametrize(
    ("url", "address", "told"),
    [
        ("https://example.org/in?x=1", "93.184.216.34", ("https://93.184.216.34:443/in?x=1", "example.org")),
        ("https://example.org:8443/", "2606:2800::1", ("https://[2606:2800::1]:8443/", "example.org:8443")),
    ],
)
def test_the_connection_goes_to_the_number_and_names_the_host(url, address, told):
    assert pinned(urlsplit(url), address) == told
