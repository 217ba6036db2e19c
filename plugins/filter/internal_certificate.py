"""Ansible filter: a host's certificate, signed on the control machine by the stack's internal authority."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

DOCUMENTATION = """
name: internal_certificate
short_description: Sign a host's request with the stack's internal authority
description:
  - Takes a request (PEM) and returns a certificate (PEM) for both ends of TLS, client and server.
  - Of the request only the subject and the public key are taken. The names are the caller's, so a host
    that asks for another host's name does not get it.
options:
  _input: {description: The certificate request in PEM., type: str, required: true}
  authority_key: {description: The authority's private key in PEM., type: str, required: true}
  authority_certificate: {description: The authority's certificate in PEM., type: str, required: true}
  names: {description: Names and addresses that the certificate is good for., type: list, required: true}
  days: {description: Days until it expires., type: int, required: true}
"""
EXAMPLES = """
- name: configure | Write the certificate
  ansible.builtin.copy:
    content: "{{ request | internal_certificate(authority_key=key, authority_certificate=ca, names=names, days=365) }}"
    dest: /etc/boka/pki/host.pem
    mode: "0644"
"""
RETURN = """
_value: {description: The certificate in PEM., type: str}
"""

CLOCK_SKEW = timedelta(minutes=5)  # a host's clock may be a little behind


def internal_certificate(
    request: str, *, authority_key: str, authority_certificate: str, names: list[str], days: int
) -> str:
    """Return the certificate that answers `request`, valid from now."""
    asked = x509.load_pem_x509_csr(request.encode())
    if not asked.is_signature_valid:
        msg = "the certificate request is not signed by the key it names; make the host's key again."
        raise ValueError(msg)
    key = serialization.load_pem_private_key(authority_key.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        msg = f"the internal authority's key is a {type(key).__name__}; it signs with a P-256 key."
        raise TypeError(msg)
    issuer = x509.load_pem_x509_certificate(authority_certificate.encode())
    builder = _certificate(asked, issuer, datetime.now(UTC), timedelta(days=days))
    alternatives = x509.SubjectAlternativeName([_general_name(str(name)) for name in names])
    signed = builder.add_extension(alternatives, critical=False).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def _certificate(
    asked: x509.CertificateSigningRequest, issuer: x509.Certificate, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    public_key = asked.public_key()
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    both_ends = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(_elliptic(issuer))
    return (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(min(now + life, issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(both_ends), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(authority_id, critical=False)
    )


def _elliptic(issuer: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = issuer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        msg = f"the internal authority's certificate holds a {type(key).__name__}; it holds a P-256 key."
        raise TypeError(msg)
    return key


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"internal_certificate": internal_certificate}
