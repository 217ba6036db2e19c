"""Every secret that a stack has: its name, how it is made. Adding one line here is all it takes to add one."""

import base64
import secrets
import string
from collections.abc import Callable, Mapping

GROUPS = ("database", "auth", "external")  # one encrypted file, or entry of Secrets Manager, each

# Cloudflare's tokens of a cloud stack, by purpose. Pulumi has them made and keeps them in Secrets Manager.
TOKENS = ("assets", "backup", "certificates", "purge")
# Each token's value, and its id, which is R2's access key: by the entry and the field that hold it.
CLOUDFLARE = {
    **{f"cloudflare/{token}": (f"cloudflare/{token}", "value") for token in TOKENS},
    **{f"cloudflare/{token}_id": (f"cloudflare/{token}", "id") for token in TOKENS},
}


def url_safe_text() -> str:
    """Return 32 random bytes as text that needs no quoting anywhere."""
    return secrets.token_urlsafe(32)


def eight_characters() -> str:
    """Return 8 random letters and digits: keepalived reads no more than 8."""
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(8))


def tsig_key() -> str:
    """Return 32 random bytes in base64, the form of an HMAC-SHA256 key for DNS updates (RFC 8945)."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def signing_key() -> str:
    """Return a new P-256 private key in PEM."""
    from ops.secrets import authority  # noqa: PLC0415  # loads cryptography, which looking up a password does without

    return authority.make_key()


CATALOG: Mapping[str, Callable[[], str]] = {
    "database/postgres": url_safe_text,
    "database/booking_owner": url_safe_text,
    "database/booking_app": url_safe_text,
    "database/monitor": url_safe_text,
    "database/valkey": url_safe_text,
    "database/backup_cipher": url_safe_text,
    "auth/booking_signing_key": url_safe_text,
    "auth/booking_encryption_key": url_safe_text,
    "auth/keepalived": eight_characters,
    "auth/first_login": url_safe_text,
    "auth/internal_ca_key": signing_key,
    "external/acme_dns_tsig": tsig_key,
    "external/s3_access_key": url_safe_text,
    "external/s3_secret_key": url_safe_text,
}

# What plays the internet of a local stack shares these with its hosts. In a cloud no host does: certificates are asked
# for with Cloudflare's token, buckets opened by a host's role, the address is held by a load balancer.
LOCAL_ONLY = frozenset(
    {"auth/keepalived", "external/acme_dns_tsig", "external/s3_access_key", "external/s3_secret_key"}
)


def of(*, is_local: bool) -> list[str]:
    """Return the names that a local stack, or one in a cloud, has."""
    return [name for name in CATALOG if is_local or name not in LOCAL_ONLY]
