import http.server
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from test_internal_certificate import AUTHORITY_KEY, AUTHORITY_PEM, MODULE

sys.path.insert(0, str(Path(__file__).parents[2] / "plugins/modules"))
import site_probe  # Ansible's modules are no package

NAME = "boka.test"


class Answer(http.server.BaseHTTPRequestHandler):
    """Says what it was asked."""

    def do_GET(self) -> None:  # the base class's name
        body = f'{{"ready": true, "path": "{self.path}", "host": "{self.headers["Host"]}"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("site")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    request = asked.public_bytes(serialization.Encoding.PEM).decode()
    signed = MODULE.internal_certificate(
        request, authority_key=AUTHORITY_KEY, authority_certificate=AUTHORITY_PEM, names=[NAME], days=90
    )
    (folder / "site.pem").write_text(signed)
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "site.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def test_the_site_is_asked_by_its_name_at_the_given_address(port):
    seen = site_probe.probe(f"https://{NAME}:{port}/api/health/ready", "127.0.0.1", AUTHORITY_PEM, 5)

    assert (seen["status"], seen["json"]["path"]) == (200, "/api/health/ready")
    assert seen["json"]["host"].startswith(NAME)


def test_the_days_left_are_the_certificates(port):
    seen = site_probe.probe(f"https://{NAME}:{port}/", "127.0.0.1", AUTHORITY_PEM, 5)

    assert 89 < seen["days_left"] <= 90


def test_another_name_is_refused(port):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        site_probe.probe(f"https://other.test:{port}/", "127.0.0.1", AUTHORITY_PEM, 5)


def test_an_unknown_authority_is_refused(port):
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self-signed|unable to get"):
        site_probe.probe(f"https://{NAME}:{port}/", "127.0.0.1", "", 5)
