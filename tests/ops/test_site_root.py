"""The root of the site's authority, from a stand-in of that authority over real TLS."""

import shutil

import fleet_of_two
import pytest
from tls_site import site, write_certificate

from ops import site_root

ROOT = b"-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n"


def answer(status, body):
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def at(hosts, port):
    """The same stack with its world on a port of this machine."""
    here = hosts.hosts["world1"].model_copy(update={"address": "127.0.0.1"})
    ports = {**hosts.ports, "acme_management": port}
    return hosts.model_copy(update={"hosts": {**hosts.hosts, "world1": here}, "ports": ports})


@pytest.fixture
def hosts(stack, certificate):
    stack.authority.mkdir(parents=True)
    shutil.copy(certificate, stack.authority / "ca.pem")
    return fleet_of_two.write(stack.name)


def test_the_root_is_kept_beside_the_internal_authority(stack, hosts, certificate):
    with site(certificate, answer(b"200 OK", ROOT)) as port:
        path = site_root.fetch(stack, at(hosts, port))

    assert (path, path.read_bytes()) == (stack.authority / "site-root.pem", ROOT)


def test_an_authority_that_is_not_the_stacks_is_refused(stack, hosts, certificate):
    write_certificate(stack.authority / "ca.pem")

    with site(certificate, answer(b"200 OK", ROOT)) as port, pytest.raises(OSError, match="certificate verify failed"):
        site_root.fetch(stack, at(hosts, port))


def test_another_answer_is_no_root(stack, hosts, certificate):
    refused = pytest.raises(OSError, match="answers 404 instead of a root certificate")
    with site(certificate, answer(b"404 Not Found", b"")) as port, refused:
        site_root.fetch(stack, at(hosts, port))


def test_a_stack_without_a_world_needs_no_root(stack, hosts):
    without = {name: host for name, host in hosts.hosts.items() if name != "world1"}

    assert site_root.fetch(stack, hosts.model_copy(update={"hosts": without})) is None
