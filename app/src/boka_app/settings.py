"""What the service is told from outside: environment variables, and secrets as files.

Nothing else reads the environment. Every refusal names the variable, the value seen and what to do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "::1")
_SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_MIN_KEY_LENGTH = 32  # characters; HMAC-SHA256 gains nothing from a longer key than its 32 bytes
_MIN_KEY_VARIETY = 10  # different characters; refuses `aaaa…` and `changeme` repeated, passes any random text


class SettingsError(Exception):
    """A setting is missing or wrong; the text says which, what was seen and what is allowed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSettings:
    """Where PostgreSQL is and as whom to speak to it."""

    host: str
    port: int
    name: str
    user: str
    sslmode: str
    sslrootcert: str | None
    password: str | None = field(repr=False)
    pool_max: int

    def connect_kwargs(self, *, application: str) -> dict[str, str | int]:
        """Return libpq's keywords. A server that went silent is noticed in 2 s, a stuck statement ends then too."""
        kwargs: dict[str, str | int] = {
            "host": self.host,
            "port": self.port,
            "dbname": self.name,
            "user": self.user,
            "sslmode": self.sslmode,
            "application_name": application,
            "connect_timeout": 2,
            "tcp_user_timeout": 2000,
            "keepalives_idle": 5,
            "options": "-c statement_timeout=2s -c lock_timeout=1s -c idle_in_transaction_session_timeout=10s",
        }
        optional = {"sslrootcert": self.sslrootcert, "password": self.password}
        return kwargs | {key: value for key, value in optional.items() if value is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class ValkeySettings:
    """Where Valkey is. The service works without it, only slower."""

    host: str
    port: int
    user: str
    authority: str | None  # path of the authority's certificate; None speaks plain TCP, for a socket on this machine
    password: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimitSettings:
    """How many requests one caller may send a minute; 0 is any number."""

    requests_per_minute: int = 600  # of an account or an API key: ten a second, what no person and few programs reach
    anonymous_writes_per_minute: int = 120  # of one address, behind which a whole office may sit


@dataclass(frozen=True, kw_only=True, slots=True)
class MailSettings:
    """Which server takes our e-mail, and as whom we write."""

    host: str
    port: int
    tls: str  # starttls, tls or none
    user: str
    sender: str
    password: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderSettings:
    """A provider of calendars, and as which application we speak to it."""

    api_url: str
    authorize_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """All the service needs to serve."""

    database: DatabaseSettings
    valkey: ValkeySettings | None
    release: str
    public_url: str
    signing_keys: tuple[bytes, ...] = field(repr=False)  # the first signs, all verify
    encryption_keys: tuple[bytes, ...] = field(repr=False)  # the first seals, all open
    rate_limits: RateLimitSettings = RateLimitSettings()

    trusted_proxies: tuple[str, ...] = LOOPBACK  # networks whose word we take for where a request comes from
    mail: MailSettings | None = None
    webhook_networks: tuple[str, ...] = ()  # networks that webhooks may reach although they are private, also by http

    google: ProviderSettings | None = None
    microsoft: ProviderSettings | None = None

    stripe_url: str = "https://api.stripe.com"
    paystack_url: str = "https://api.paystack.co"
    sms_url: str = "https://api.twilio.com"

    @property
    def signing_key(self) -> bytes:
        """Return the key that signs."""
        return self.signing_keys[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSettings:
    """What the worker needs beside."""

    metrics: tuple[str, int] | None  # address and port of its figures
    log_level: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """What gunicorn needs before it loads the service."""

    bind: str
    workers: int
    log_level: str


def load(env: Mapping[str, str]) -> Settings:
    """Read everything the service needs.

    Raises:
        SettingsError: something is missing, malformed or weak.
    """
    return Settings(
        database=load_database(env),
        valkey=_valkey(env),
        release=_text(env, "BOKA_RELEASE", "unreleased", r"[\w.+-]{1,64}", "1 to 64 letters, digits or . _ + -"),
        public_url=_public_url(env),
        signing_keys=_keys(env, "signing_key"),
        encryption_keys=_keys(env, "encryption_key"),
        trusted_proxies=_networks(env, "BOKA_TRUSTED_PROXIES", LOOPBACK),
        mail=_mail(env),
        webhook_networks=_networks(env, "BOKA_WEBHOOK_ALLOW_NETWORKS"),
        google=_provider(env, "google"),
        microsoft=_provider(env, "microsoft"),
        stripe_url=_address(env, "BOKA_STRIPE_URL", "https://api.stripe.com"),
        paystack_url=_address(env, "BOKA_PAYSTACK_URL", "https://api.paystack.co"),
        sms_url=_address(env, "BOKA_SMS_URL", "https://api.twilio.com"),
        rate_limits=RateLimitSettings(
            requests_per_minute=_number(env, "BOKA_REQUESTS_PER_MINUTE", 600, 0, 1_000_000),
            anonymous_writes_per_minute=_number(env, "BOKA_ANONYMOUS_WRITES_PER_MINUTE", 120, 0, 1_000_000),
        ),
    )


def load_database(env: Mapping[str, str]) -> DatabaseSettings:
    """Read only what a connection needs; enough for migrations.

    Raises:
        SettingsError: something is missing or malformed.
    """
    host = env.get("BOKA_DATABASE_HOST", "")
    if not host:
        raise SettingsError("BOKA_DATABASE_HOST is not set. Set it to PostgreSQL's host name or socket directory.")
    return DatabaseSettings(
        host=host,
        port=_number(env, "BOKA_DATABASE_PORT", 5432, 1, 65535),
        name=env.get("BOKA_DATABASE_NAME", "booking"),
        user=env.get("BOKA_DATABASE_USER", "booking_app"),
        sslmode=_sslmode(env),
        sslrootcert=env.get("BOKA_DATABASE_SSLROOTCERT") or None,
        password=_credential(env, "database_password", required=not host.startswith("/")),
        pool_max=_number(env, "BOKA_DATABASE_POOL_MAX", 8, 1, 100),
    )


def load_server(env: Mapping[str, str]) -> ServerSettings:
    """Read what gunicorn needs.

    Raises:
        SettingsError: something is malformed.
    """
    address = r"(unix:/.+|fd://\d+|\S+:\d{1,5})"
    return ServerSettings(
        bind=_text(env, "BOKA_BIND", "127.0.0.1:8000", address, "address:port or unix:/path"),
        workers=_number(env, "BOKA_WORKERS", 2, 1, 64),
        log_level=_log_level(env),
    )


def load_worker(env: Mapping[str, str]) -> WorkerSettings:
    """Read what the worker needs beside.

    Raises:
        SettingsError: something is malformed.
    """
    host, _, port = _text(env, "BOKA_WORKER_METRICS", "", r"(\S+:\d{1,5})?", "address:port, or nothing").rpartition(":")
    return WorkerSettings(metrics=(host.strip("[]"), int(port)) if port else None, log_level=_log_level(env))


def _text(env: Mapping[str, str], name: str, default: str, pattern: str, allowed: str) -> str:
    value = env.get(name, default)
    if re.fullmatch(pattern, value) is None:
        raise SettingsError(f"{name} is {value!r}; allowed: {allowed}.")
    return value


def _log_level(env: Mapping[str, str]) -> str:
    return _text(env, "BOKA_LOG_LEVEL", "info", "debug|info|warning|error", "debug, info, warning or error")


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = env.get(name, str(default))
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise SettingsError(f"{name} is {value!r}; it needs a whole number from {low} to {high}.")
    return int(value)


def _sslmode(env: Mapping[str, str]) -> str:
    value = env.get("BOKA_DATABASE_SSLMODE", "verify-full")
    if value not in _SSLMODES:
        raise SettingsError(f"BOKA_DATABASE_SSLMODE is {value!r}; allowed: {', '.join(_SSLMODES)}.")
    return value


def _address(env: Mapping[str, str], name: str, default: str) -> str:
    return _text(env, name, default, r"https?://[^\s?#]+", "an address that begins with https://").rstrip("/")


def _public_url(env: Mapping[str, str]) -> str:
    value = env.get("BOKA_PUBLIC_URL", "")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise SettingsError(f"BOKA_PUBLIC_URL is {value!r}; set the site's address, such as https://boka.test.")
    return value.rstrip("/")


def _valkey(env: Mapping[str, str]) -> ValkeySettings | None:
    host = env.get("BOKA_VALKEY_HOST", "")
    if not host:
        return None
    return ValkeySettings(
        host=host,
        port=_number(env, "BOKA_VALKEY_PORT", 6379, 1, 65535),
        user=env.get("BOKA_VALKEY_USER", "booking"),
        authority=env.get("BOKA_VALKEY_AUTHORITY") or None,
        password=_credential(env, "valkey_password", required=False),
    )


def _mail(env: Mapping[str, str]) -> MailSettings | None:
    host = env.get("BOKA_SMTP_HOST", "")
    if not host:
        return None
    return MailSettings(
        host=host,
        port=_number(env, "BOKA_SMTP_PORT", 587, 1, 65535),
        tls=_text(env, "BOKA_SMTP_TLS", "starttls", "starttls|tls|none", "starttls, tls or none"),
        user=env.get("BOKA_SMTP_USER", ""),
        sender=_text(env, "BOKA_MAIL_FROM", "", r"[^\s@<>]+@[^\s@<>]+", "an e-mail address"),
        password=_credential(env, "smtp_password", required=False),
    )


_PROVIDER_URLS = {
    "google": {
        "": "https://www.googleapis.com/calendar/v3",
        "_AUTHORIZE": "https://accounts.google.com/o/oauth2/v2/auth",
        "_TOKEN": "https://oauth2.googleapis.com/token",
    },
    "microsoft": {
        "": "https://graph.microsoft.com/v1.0",
        "_AUTHORIZE": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "_TOKEN": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    },
}


def _provider(env: Mapping[str, str], name: str) -> ProviderSettings | None:
    client_id = env.get(f"BOKA_{name.upper()}_CLIENT_ID", "")
    if not client_id:
        return None
    api, authorize, token = (
        _text(
            env,
            f"BOKA_{name.upper()}{part}_URL",
            official,
            r"https?://\S+[^\s/]",
            "an address without a slash at its end",
        )
        for part, official in _PROVIDER_URLS[name].items()
    )
    return ProviderSettings(
        api_url=api,
        authorize_url=authorize,
        token_url=token,
        client_id=client_id,
        client_secret=_credential(env, f"{name}_client_secret", required=True) or "",
    )


def _networks(env: Mapping[str, str], name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    networks = tuple(env.get(name, " ".join(default)).replace(",", " ").split())
    for network in networks:
        try:
            ip_network(network)
        except ValueError as err:
            raise SettingsError(f"{name} has {network!r}; allowed: networks such as 198.18.0.0/15.") from err
    return networks


def _keys(env: Mapping[str, str], name: str) -> tuple[bytes, ...]:
    """Return the key in use and, while one is being replaced, the one before: credential NAME_previous."""
    given = [_credential(env, name, required=True), _credential(env, f"{name}_previous", required=False)]
    keys = [key for key in given if key]
    for key in keys or [""]:
        if len(key) < _MIN_KEY_LENGTH or len(set(key)) < _MIN_KEY_VARIETY:
            raise SettingsError(
                f"credential {name} is weak ({len(key)} characters, {len(set(key))} different); it needs at least "
                f"{_MIN_KEY_LENGTH} random ones. Make one: openssl rand -base64 32"
            )
    return tuple(key.encode() for key in keys)


def _credential(env: Mapping[str, str], name: str, *, required: bool) -> str | None:
    """Return the secret's text; the one line end that editors and `echo` add is not part of it."""
    folder = env.get("CREDENTIALS_DIRECTORY")
    path = Path(folder or ".") / name
    if folder and path.is_file():
        return path.read_text().removesuffix("\n")
    if required:
        where = f"{path} does not exist" if folder else "CREDENTIALS_DIRECTORY is not set"
        raise SettingsError(f"credential {name} is missing: {where}. Give it with systemd's LoadCredential={name}:….")
    return None
