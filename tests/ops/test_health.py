import asyncio
import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import fleet_of_two
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ops import health
from ops.health import Check


@pytest.fixture
def hosts(stack):
    return fleet_of_two.write(stack.name)


def test_every_host_is_asked_for_ssh(hosts):
    asked = {check.host for check in health.plan_checks(hosts) if check.service == "ssh"}

    assert asked == set(hosts.hosts)


def test_what_this_machine_may_not_reach_is_not_asked(hosts):
    assert not [check for check in health.plan_checks(hosts) if check.service in {"postgresql", "booking", "valkey"}]


def test_nothing_is_asked_twice(hosts):
    checks = health.plan_checks(hosts)

    assert len({(check.host, check.service) for check in checks}) == len(checks)


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def ask(port):
    return asyncio.run(health._ask_port(Check("db1", "ssh", "127.0.0.1", port)))


def test_an_open_port_is_good(port):
    assert ask(port).good


def test_a_closed_port_is_told_as_refused():
    with contextlib.closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        answer = ask(closed.getsockname()[1])

    assert answer.problem == "connection refused"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate for boka.test in one file, which is its own root."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "boka.test")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(hours=1), now + timedelta(hours=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("boka.test")]), critical=False)
    path = tmp_path_factory.mktemp("tls") / "boka.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path


@contextlib.contextmanager
def site(certificate, answer):
    """A server that gives this answer once, over TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def serve(server):
        with contextlib.suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True) as connection:
            connection.recv(4096)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "answers 503 Service Unavailable"),
    ],
)
def test_only_200_is_health(certificate, answer, problem):
    with site(certificate, answer) as port:
        assert asyncio.run(health._ask_service("boka.test", "127.0.0.1", port, certificate)) == problem


def test_a_certificate_for_another_name_is_not_trusted(certificate):
    with site(certificate, b"") as port, pytest.raises(ssl.SSLCertVerificationError) as refused:
        asyncio.run(health._ask_service("other.test", "127.0.0.1", port, certificate))

    assert health._reason(refused.value).startswith("certificate not trusted (Hostname mismatch")
