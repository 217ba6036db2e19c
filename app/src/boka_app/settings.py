"""What the service is told from outside: environment variables, and secrets as files.

Nothing else reads the environment. A field says how it is read; the variable is BOKA_, the part's prefix and its name.
Every refusal names the variable, the value seen and what is allowed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

LOOPBACK = ("127.0.0.1", "::1")
_MIN_KEY_LENGTH = 32  # characters; HMAC-SHA256 gains nothing from a longer key than its 32 bytes
_MIN_KEY_VARIETY = 10  # different characters; refuses `aaaa…` and `changeme` repeated, passes any random text
_Environment = Mapping[str, str]
_Read = Callable[[_Environment, str], Any]  # of a variable
_Part = TypeVar("_Part")


class SettingsError(Exception):
    """A setting is missing or wrong; the text says which, what was seen and what is allowed."""


def _setting(read: _Read, usual: Any = MISSING, *, name: str = "", secret: bool = False) -> Any:  # noqa: ANN401  a field
    return field(default=usual, repr=not secret, metadata={"read": read, "name": name})


def _text(usual: str | None, pattern: str = ".*", allowed: str = "", *, name: str = "") -> Any:  # noqa: ANN401
    def read(env: _Environment, variable: str) -> str | None:
        value = env.get(variable, usual or "")
        if re.fullmatch(pattern, value) is None:
            raise SettingsError(f"{variable} is {repr(value) if value else 'not set'}; allowed: {allowed}.")
        return value if value or usual is not None else None

    return _setting(read, usual, name=name)


def _address(usual: str = "", *, name: str = "") -> Any:  # noqa: ANN401
    read = _text(usual, r"https?://[^/\s?#]+[^\s?#]*", "an address such as https://boka.test").metadata["read"]
    return _setting(lambda env, variable: read(env, variable).rstrip("/"), usual, name=name)


def _number(usual: int, low: int, high: int) -> Any:  # noqa: ANN401
    def read(env: _Environment, variable: str) -> int:
        value = env.get(variable, str(usual))
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise SettingsError(f"{variable} is {value!r}; it needs a whole number from {low} to {high}.")
        return int(value)

    return _setting(read, usual)


def _networks(*usual: str, name: str = "") -> Any:  # noqa: ANN401
    def read(env: _Environment, variable: str) -> tuple[str, ...]:
        networks = tuple(env.get(variable, " ".join(usual)).replace(",", " ").split())
        for network in networks:
            try:
                ip_network(network)
            except ValueError as err:
                raise SettingsError(f"{variable} has {network!r}; allowed: networks such as 198.18.0.0/15.") from err
        return networks

    return _setting(read, usual, name=name)


def _secret(*, required: bool = False) -> Any:  # noqa: ANN401
    return _setting(lambda env, name: _credential(env, _file(name), required=required), secret=True)


def _keys(name: str) -> Any:  # noqa: ANN401
    """Return the key in use and, while one is being replaced, the one before: credential NAME_previous."""

    def read(env: _Environment, variable: str) -> tuple[bytes, ...]:
        names = _file(variable), f"{_file(variable)}_previous"
        keys = [key for each in names if (key := _credential(env, each, required=each == names[0]))]
        for key in keys or [""]:
            if len(key) < _MIN_KEY_LENGTH or len(set(key)) < _MIN_KEY_VARIETY:
                raise SettingsError(
                    f"credential {names[0]} is weak ({len(key)} characters, {len(set(key))} different); it needs at "
                    f"least {_MIN_KEY_LENGTH} random ones. Make one: openssl rand -base64 32"
                )
        return tuple(key.encode() for key in keys)

    return _setting(read, name=name, secret=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSettings:
    """Where PostgreSQL is and as whom to speak to it."""

    host: str = _text("", ".+", "PostgreSQL's host name or socket directory")
    port: int = _number(5432, 1, 65535)
    name: str = _text("booking")
    user: str = _text("booking_app")
    sslmode: str = _text("verify-full", "disable|allow|prefer|require|verify-ca|verify-full", "libpq's modes")
    sslrootcert: str | None = _text(None)
    password: str | None = _setting(
        lambda env, name: _credential(env, _file(name), required=not env.get("BOKA_DATABASE_HOST", "").startswith("/")),
        secret=True,
    )
    pool_max: int = _number(8, 1, 100)

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

    host: str = _text("")
    port: int = _number(6379, 1, 65535)
    user: str = _text("booking")
    authority: str | None = _text(None)  # path of the authority's certificate; None speaks plain TCP, for a socket here
    password: str | None = _secret()


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimitSettings:
    """How many requests one caller may send a minute; 0 is any number."""

    # Of an account or an API key: ten a second, what no person and few programs reach.
    requests_per_minute: int = _number(600, 0, 1_000_000)
    # Of one address, behind which a whole office may sit.
    anonymous_writes_per_minute: int = _number(120, 0, 1_000_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class MailSettings:
    """Which server takes our e-mail, and as whom we write."""

    host: str = _text("")
    port: int = _number(587, 1, 65535)
    tls: str = _text("starttls", "starttls|tls|none", "starttls, tls or none")
    user: str = _text("")
    sender: str = _text("", r"[^\s@<>]+@[^\s@<>]+", "an e-mail address", name="BOKA_MAIL_FROM")
    password: str | None = _secret()


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderSettings:
    """A provider of calendars, and as which application we speak to it."""

    api_url: str = _address(name="URL")
    authorize_url: str = _address()
    token_url: str = _address()
    client_id: str = _text("")
    client_secret: str = _secret(required=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """All the service needs to serve."""

    database: DatabaseSettings
    valkey: ValkeySettings | None = None
    release: str = _text("unreleased", r"[\w.+-]{1,64}", "1 to 64 letters, digits or . _ + -")
    public_url: str = _address()
    signing_keys: tuple[bytes, ...] = _keys("SIGNING_KEY")  # the first signs, all verify
    encryption_keys: tuple[bytes, ...] = _keys("ENCRYPTION_KEY")  # the first seals, all open
    rate_limits: RateLimitSettings = RateLimitSettings()
    trusted_proxies: tuple[str, ...] = _networks(*LOOPBACK)  # whose word we take for where a request comes from
    # Networks that webhooks may reach although they are private, also by http.
    webhook_networks: tuple[str, ...] = _networks(name="WEBHOOK_ALLOW_NETWORKS")
    mail: MailSettings | None = None
    google: ProviderSettings | None = None
    microsoft: ProviderSettings | None = None
    stripe_url: str = _address("https://api.stripe.com")
    paystack_url: str = _address("https://api.paystack.co")
    sms_url: str = _address("https://api.twilio.com")

    @property
    def signing_key(self) -> bytes:
        """Return the key that signs."""
        return self.signing_keys[0]


_LOG_LEVEL = "debug|info|warning|error", "debug, info, warning or error"


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSettings:
    """What the worker needs beside."""

    worker_metrics: str = _text("", r"(\S+:\d{1,5})?", "address:port, or nothing")  # where its figures are shown
    log_level: str = _text("info", *_LOG_LEVEL)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """What gunicorn needs before it loads the service."""

    bind: str = _text("127.0.0.1:8000", r"(unix:/.+|fd://\d+|\S+:\d{1,5})", "address:port or unix:/path")
    workers: int = _number(2, 1, 64)
    log_level: str = _text("info", *_LOG_LEVEL)


# What a variable is unless it is set.
_USUAL = {
    "BOKA_GOOGLE_URL": "https://www.googleapis.com/calendar/v3",
    "BOKA_GOOGLE_AUTHORIZE_URL": "https://accounts.google.com/o/oauth2/v2/auth",
    "BOKA_GOOGLE_TOKEN_URL": "https://oauth2.googleapis.com/token",
    "BOKA_MICROSOFT_URL": "https://graph.microsoft.com/v1.0",
    "BOKA_MICROSOFT_AUTHORIZE_URL": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    "BOKA_MICROSOFT_TOKEN_URL": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
}


def load(env: _Environment) -> Settings:
    """Read everything the service needs.

    Raises:
        SettingsError: something is missing, malformed or weak.
    """
    env = {**_USUAL, **env}
    return _read(
        Settings,
        env,
        database=load_database(env),
        valkey=_part(ValkeySettings, env, "VALKEY_", needs="HOST"),
        rate_limits=_read(RateLimitSettings, env),
        mail=_part(MailSettings, env, "SMTP_", needs="HOST"),
        google=_part(ProviderSettings, env, "GOOGLE_", needs="CLIENT_ID"),
        microsoft=_part(ProviderSettings, env, "MICROSOFT_", needs="CLIENT_ID"),
    )


def load_database(env: _Environment) -> DatabaseSettings:
    """Read only what a connection needs; enough for migrations. Raises as `load` does."""
    return _read(DatabaseSettings, env, "DATABASE_")


def load_server(env: _Environment) -> ServerSettings:
    """Read what gunicorn needs. Raises as `load` does."""
    return _read(ServerSettings, env)


def load_worker(env: _Environment) -> WorkerSettings:
    """Read what the worker needs beside. Raises as `load` does."""
    return _read(WorkerSettings, env)


def _part(kind: type[_Part], env: _Environment, prefix: str, *, needs: str) -> _Part | None:
    """Return a group of settings; None unless the variable that it needs is set."""
    return _read(kind, env, prefix) if env.get(f"BOKA_{prefix}{needs}") else None


def _read(kind: type[_Part], env: _Environment, prefix: str = "", **parts: Any) -> _Part:  # noqa: ANN401
    found = dict(parts)
    for each in fields(kind):  # pyright: ignore[reportArgumentType]  every part is a dataclass
        if each.name in parts:
            continue
        name = each.metadata["name"] or each.name.upper()
        variable = name if name.startswith("BOKA_") else f"BOKA_{prefix}{name}"
        found[each.name] = each.metadata["read"](env, variable)
    return kind(**found)


def _file(variable: str) -> str:
    """Return the name of the credential that stands for a variable."""
    return variable.removeprefix("BOKA_").lower()


def _credential(env: _Environment, name: str, *, required: bool) -> str | None:
    """Return the secret's text; the one line end that editors and `echo` add is not part of it."""
    folder = env.get("CREDENTIALS_DIRECTORY")
    path = Path(folder or ".") / name
    if folder and path.is_file():
        return path.read_text().removesuffix("\n")
    if required:
        where = f"{path} does not exist" if folder else "CREDENTIALS_DIRECTORY is not set"
        raise SettingsError(f"credential {name} is missing: {where}. Give it with systemd's LoadCredential={name}:….")
    return None
