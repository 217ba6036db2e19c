"""The outside of a local stack: names resolve on every host, an authority and an object store answer their clients."""

import json
import urllib.request
from urllib.error import HTTPError

import pytest

testinfra_hosts = ["ansible://world?sudo=true"]


@pytest.fixture
def get(address, believes_hosts):
    """Ask the world over TLS from the control machine."""
    return lambda port, path: urllib.request.urlopen(
        f"https://{address('world1')}:{port}{path}", timeout=5, context=believes_hosts
    )


@pytest.mark.journal("knot.service")
@pytest.mark.parametrize("name", ["boka.test", "www.boka.test", "salon.boka.test"])
def test_a_name_of_the_site_leads_to_the_virtual_address(host, stack, name):
    app = host.get_host("ansible://app1", ansible_inventory=host.backend.ansible_inventory)

    answer = app.check_output("getent ahostsv4 %s", name)

    assert answer.split()[0] == stack.network.virtual_address


@pytest.mark.journal("knot.service")
def test_a_change_of_the_zone_without_the_key_is_refused(host, address):
    change = f"server {address('world1')}\nzone boka.test\nupdate add _acme-challenge.boka.test 60 TXT stranger\nsend\n"

    answer = host.run("printf %%s %s | knsupdate", change)

    assert "NOTAUTH" in answer.stdout + answer.stderr or "REFUSED" in answer.stdout + answer.stderr


@pytest.mark.journal("boka-acme.service")
def test_the_authority_offers_orders_to_a_client_of_the_stack(get):
    with get(14000, "/dir") as answer:
        assert {"newAccount", "newOrder"} <= set(json.load(answer))


@pytest.mark.journal("boka-acme.service")
def test_the_authority_shows_its_root(get):
    with get(15000, "/roots/0") as answer:
        assert answer.read().startswith(b"-----BEGIN CERTIFICATE-----")


@pytest.mark.journal("boka-s3.service")
def test_the_object_store_refuses_a_stranger(get, stack):
    with pytest.raises(HTTPError, match="403"):
        get(7070, f"/{stack.buckets['backup']}?list-type=2")


# printf is the shell's own, so the key is on no command line.
_KEEP_AND_READ = """
. /etc/boka/world/s3.env
ask() { printf 'user = "%s:%s"' "$ROOT_ACCESS_KEY_ID" "$ROOT_SECRET_ACCESS_KEY" |
    curl --config - -sS --fail --cacert /etc/boka/pki/ca.pem --aws-sigv4 aws:amz:us-east-1:s3 "$@"; }
ask --request PUT --data-binary kept "$1" && ask "$1" && ask --request DELETE "$1"
"""


@pytest.mark.journal("boka-s3.service")
def test_the_object_store_keeps_what_the_account_gives_it(host, stack):
    where = f"https://world1:7070/{stack.buckets['backup']}/test-object"

    answer = host.run("sh -c %s ask %s", _KEEP_AND_READ, where)

    assert (answer.rc, answer.stdout) == (0, "kept"), answer.stderr
