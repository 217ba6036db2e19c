import asyncio

import pytest
from boka_app.net import guard


def resolve(url, **options):
    return asyncio.run(guard.resolve(url, **options))


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://127.0.0.1/x", id="this machine"),
        pytest.param("https://localhost/x", id="this machine by name"),
        pytest.param("https://2130706433/x", id="this machine as a number"),
        pytest.param("https://10.1.2.3/x", id="private"),
        pytest.param("https://169.254.169.254/latest/meta-data", id="cloud metadata"),
        pytest.param("https://[::1]/x", id="this machine, IPv6"),
        pytest.param("https://[::ffff:10.1.2.3]/x", id="private, mapped"),
        pytest.param("https://[64:ff9b::a01:203]/x", id="private, translated"),
        pytest.param("https://224.0.0.1/x", id="many at once"),
        pytest.param("http://1.1.1.1/x", id="not encrypted"),
        pytest.param("ftp://1.1.1.1/x", id="another protocol"),
        pytest.param("https://user@1.1.1.1/x", id="with a user"),
        pytest.param("https:///x", id="no host"),
        pytest.param("https://1.1.1.1:99999/x", id="no such port"),
        pytest.param("https://nothing.invalid/x", id="unknown name"),
        pytest.param("https://1.1.1.1/x\r\nHost: y", id="two lines"),
    ],
)
def test_nothing_is_sent_inside(url):
    with pytest.raises(guard.AddressRefused):
        resolve(url)


def test_the_request_goes_to_the_machine_that_was_looked_at():
    target = resolve("https://1.1.1.1:8443/a?b=c")

    assert target.url == "https://1.1.1.1:8443/a?b=c"
    assert (target.headers, target.extensions) == ({"Host": "1.1.1.1:8443"}, {"sni_hostname": "1.1.1.1"})


def test_an_allowed_network_is_reached_also_in_clear():
    target = resolve("http://localhost:9000/a", allowed_networks=("127.0.0.0/8", "::1/128"))

    assert target.headers == {"Host": "localhost:9000"}
