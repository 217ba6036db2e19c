"""The stack's internal certificate authority: its key is a secret, its certificate is public."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.files import write_atomically
from ops.secrets.store import Store
from ops.stacks import Stack

CERTIFICATE = "auth/internal_ca_certificate"  # no secret, but made once as the key is
LIFE = timedelta(days=3653)  # ten years: hosts' certificates are renewed long before, the authority with the stack


def make_key() -> str:
    """Return a new P-256 private key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode()


def ensure_certificate(stack: Stack, store: Store) -> bool:
    """Write `ca/ca.pem` for the key in the store unless it is there; tell whether it was written.

    A cloud stack keeps the certificate beside the key: whichever machine works on it gives its hosts the same one.
    """
    path = stack.authority / "ca.pem"
    present = path.read_bytes() if path.exists() else b""
    certificate = _certificate(stack, store, present)
    if certificate == present:
        return False
    write_atomically(path, certificate, mode=0o644)
    return True


def _certificate(stack: Stack, store: Store, present: bytes) -> bytes:
    if not stack.is_local and CERTIFICATE in store.names():
        return store.get(CERTIFICATE).encode()
    key = load_key(store)
    if not (present and _certifies(present, key)):
        made = self_signed(key, f"Boka {stack.name} internal authority", datetime.now(UTC))
        present = made.public_bytes(serialization.Encoding.PEM)
    if stack.is_local:
        return present
    store.add({CERTIFICATE: present.decode()})
    return store.get(CERTIFICATE).encode()


def load_key(store: Store) -> ec.EllipticCurvePrivateKey:
    """Return the authority's private key."""
    key = serialization.load_pem_private_key(store.get("auth/internal_ca_key").encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        msg = f"auth/internal_ca_key is a {type(key).__name__}; the authority signs with a P-256 key."
        raise TypeError(msg)
    return key


def self_signed(key: ec.EllipticCurvePrivateKey, name: str, now: datetime) -> x509.Certificate:
    """Return the certificate of an authority that may sign hosts and nothing below them."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # a host's clock may be a little behind
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _certifies(pem: bytes, key: ec.EllipticCurvePrivateKey) -> bool:
    return x509.load_pem_x509_certificate(pem).public_key() == key.public_key()
