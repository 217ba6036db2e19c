"""Makes the certificate by which Cloudflare shows the edges that a request came through our own zone.

Cloudflare's own client certificate is the same for all of its customers, so whoever has a zone there could pass by it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=3650)
_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class OriginCertificate:
    """All in PEM: what the edges trust, what Cloudflare shows, and its key."""

    authority: str
    certificate: str
    private_key: str


def generate(domain: str) -> OriginCertificate:
    """Return a new certificate for `domain`. The authority's own key is forgotten: it signs this one and no other."""
    above, key = _key(), _key()
    issuer = _named(f"Boka origin pulls of {domain}")
    return OriginCertificate(
        authority=_pem(_about(issuer, issuer, above).sign(above, SHA256())),
        certificate=_pem(_about(_named(domain), issuer, key, is_leaf=True).sign(above, SHA256())),
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def _about(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, *, is_leaf: bool = False
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=not is_leaf, path_length=None if is_leaf else 0), critical=True)
    )
    use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return built.add_extension(use, critical=False) if is_leaf else built


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
