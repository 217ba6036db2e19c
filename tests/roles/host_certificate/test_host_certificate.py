"""The certificate by which hosts know each other: a client of the stack believes it, for the host's own names only."""

import pytest
from handshake import shake_hands

testinfra_hosts = ["ansible://all?sudo=true"]
CERTIFICATE, KEY = "/etc/boka/pki/host.pem", "/etc/boka/pki/host.key"


@pytest.fixture
def shake(host, authority):
    return lambda name: shake_hands(host, CERTIFICATE, KEY, name=name, authority=authority.read_text())


@pytest.mark.parametrize("form", ["{name}.{stack}.internal.test", "{name}", "{address}", "localhost"])
def test_a_client_of_the_stack_believes_it(host, shake, stack, form):
    name = host.backend.host

    answer = shake(form.format(name=name, stack=stack.stack, address=stack.hosts[name].address))

    assert (answer.rc, answer.stdout.strip()) == (0, "TLSv1.3"), answer.stderr


def test_it_is_not_good_for_another_name(shake):
    answer = shake("boka.test")

    assert "Hostname mismatch" in answer.stderr


def test_only_root_and_its_readers_can_read_the_key(host):
    stranger = host.run("runuser -u nobody -- cat %s", KEY)
    reader = host.run("setpriv --reuid=nobody --regid=ssl-cert --clear-groups cat %s", KEY)

    assert (stranger.rc, reader.rc) == (1, 0)
