import importlib.util
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ops.secrets.authority import make_key, self_signed

FILE = Path(__file__).parents[2] / "plugins/filter/internal_certificate.py"
SPEC = importlib.util.spec_from_file_location("internal_certificate", FILE)
MODULE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MODULE)

AUTHORITY_KEY = make_key()
KEY = serialization.load_pem_private_key(AUTHORITY_KEY.encode(), password=None)
AUTHORITY = self_signed(KEY, "Boka test", datetime.now(UTC))
AUTHORITY_PEM = AUTHORITY.public_bytes(serialization.Encoding.PEM).decode()


def request(name: str = "db1", asked_names: tuple[str, ...] = ()) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    )
    if asked_names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(asked) for asked in asked_names])
        builder = builder.add_extension(alternatives, critical=False)
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def sign(request_pem: str, names: tuple[str, ...] = ("db1",), days: int = 365) -> x509.Certificate:
    pem = MODULE.internal_certificate(
        request_pem,
        authority_key=AUTHORITY_KEY,
        authority_certificate=AUTHORITY_PEM,
        names=list(names),
        days=days,
    )
    return x509.load_pem_x509_certificate(pem.encode())


def alternatives(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_the_authority_vouches_for_it():
    sign(request()).verify_directly_issued_by(AUTHORITY)


def test_names_and_addresses_are_told_apart():
    found = alternatives(sign(request(), ("db1", "198.18.0.41")))

    assert found.get_values_for_type(x509.DNSName) == ["db1"]
    assert found.get_values_for_type(x509.IPAddress) == [ip_address("198.18.0.41")]


def test_a_host_that_asks_for_another_hosts_name_does_not_get_it():
    found = alternatives(sign(request(asked_names=("ops1",)), ("db1",)))

    assert found.get_values_for_type(x509.DNSName) == ["db1"]


def test_it_serves_both_ends_and_signs_nobody():
    extensions = sign(request()).extensions

    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_it_lives_for_the_days_asked():
    life = sign(request(), days=90).not_valid_after_utc - datetime.now(UTC)

    assert life.days == 89


def test_it_never_outlives_the_authority():
    assert sign(request(), days=36500).not_valid_after_utc == AUTHORITY.not_valid_after_utc
