"""Handing a mail over: TLS from the first byte or after STARTTLS, a log-in, and what is not sent without them."""

import ipaddress
import smtplib
import ssl
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import AuthResult
from boka_app.messages import mail
from boka_app.settings import MailSettings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from standins.smtp import Smtp, serving

USER, PASSWORD = "booking", "Hafen-Regen-17-Kutter"


def certified(folder, address):
    """Write key and certificate of a server at that address, who vouches for himself; return what serves with them."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(encoding))
    (folder / "key.pem").write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


class Server(Smtp):
    """A mail server that lets one user in, and knows whether he came through TLS."""

    def __init__(self):
        super().__init__()
        self.log_ins = []

    def authenticate(self, server, _session, _envelope, _mechanism, data):
        self.log_ins.append((data.login.decode(), server.transport.get_extra_info("ssl_object") is not None))
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """Have this machine trust a server at an address."""

    def trust(address="127.0.0.1"):
        context = certified(tmp_path, address)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        return context

    return trust


@contextmanager
def serving_mail(tls, context=None, *, password=PASSWORD):
    """Run a server that speaks TLS in that way, and give it beside the settings that lead there."""
    server = Server()
    log_in = {"authenticator": server.authenticate, "auth_require_tls": tls == "starttls"}  # it knows no other TLS
    offered = {"tls": {"ssl_context": context}, "starttls": {"tls_context": context}, "none": {}}[tls]
    with serving(server, **(log_in | offered)) as port:
        sender = "no-reply@boka.test"
        yield server, MailSettings(host="127.0.0.1", port=port, tls=tls, user=USER, sender=sender, password=password)


def letter():
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "no-reply@boka.test", "zoe@example.org", "Booked"
    message.set_content("At ten.")
    return message


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_mail_goes_through_tls_after_a_log_in(trusted, tls):
    with serving_mail(tls, trusted()) as (server, settings):
        mail.send(settings, letter())

    assert [message["to"] for message in server.messages] == [["zoe@example.org"]]
    assert server.log_ins == [(USER, True)]


def test_without_a_password_nobody_logs_in(trusted):
    with serving_mail("starttls", trusted(), password=None) as (server, settings):
        mail.send(settings, letter())

    assert (len(server.messages), server.log_ins) == (1, [])


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("whose", ["another's", "untrusted"])
def test_a_server_that_cannot_prove_who_it_is_gets_neither_password_nor_mail(trusted, tmp_path, tls, whose):
    context = trusted("192.0.2.1") if whose == "another's" else certified(tmp_path, "127.0.0.1")

    with serving_mail(tls, context) as (server, settings), pytest.raises(ssl.SSLCertVerificationError):
        mail.send(settings, letter())

    assert (server.messages, server.log_ins) == ([], [])


def test_a_server_that_offers_no_tls_gets_nothing_and_is_asked_again_later():
    with serving_mail("none") as (server, settings), pytest.raises(smtplib.SMTPNotSupportedError):
        mail.send(replace(settings, tls="starttls"), letter())

    assert (server.messages, server.log_ins) == ([], [])


def test_a_refused_log_in_is_not_the_messages_fault(trusted):
    refused = pytest.raises(smtplib.SMTPAuthenticationError)

    with serving_mail("starttls", trusted(), password="wrong") as (server, settings), refused:
        mail.send(settings, letter())

    assert server.messages == []
