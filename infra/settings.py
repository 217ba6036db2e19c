"""What a stack's operator may decide: the typed, frozen settings of one stack.

Pure: values come in as a mapping (from `Pulumi.<stack>.yaml`), nothing is read or looked up here.
A wrong key or value is refused with the key's name, the value and what to do.
"""

import datetime
import difflib
import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeVar, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

Profile = Literal["full", "small"]
Environment = Literal["local", "staging", "production"]

TEST_STACK = re.compile(r"t[0-9a-f]{4}")
# RFC 2544 sets this range aside for benchmark networks: it meets nobody's LAN or VPN.
LOCAL_RANGE = ipaddress.IPv4Network("198.18.0.0/15")
# The last /24 carries the package cache that all stacks of a machine share.
RESERVED = ipaddress.IPv4Network("198.19.255.0/24")
_STACK_PREFIX = 24
# Two is the least that survives the loss of one; the address plan has room for twelve.
_APP_HOSTS_ALLOWED = range(2, 13)
APP_HOSTS: dict[Profile, int] = {"full": 3, "small": 2}
ModelT = TypeVar("ModelT", bound=BaseModel)


class Explained(NamedTuple):
    """One setting for its reader. `default` is None when the setting has none; the values are as JSON has them."""

    key: str
    type: str
    default: Any
    meaning: str
    required: bool


class SettingsError(ValueError):
    """A setting is unknown or has a value that the platform cannot use."""


class Settings(BaseModel):
    """The settings of one stack. Every field but `stack` has a default that works on an empty machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stack: str = Field(description="Which stack; from its name.")
    profile: Profile = Field(
        default="full", description="full: every group on hosts of its own; small: what the tests use."
    )
    subnet: ipaddress.IPv4Network = Field(
        default=ipaddress.IPv4Network("198.18.0.0/24"), description="A free /24 of 198.18.0.0/15."
    )
    domain: str = Field(
        default="boka.test", description="The platform's public domain; locally it must end in .test (RFC 6761)."
    )
    app_hosts: int = Field(
        default=0, description="Number of app hosts, 2-12; 0 takes the profile's own (full 3, small 2)."
    )
    mirror: str = Field(
        default="",
        description="Debian archive for the hosts; empty takes the machine's own apt source, which must then be "
        "Debian's.",
    )

    @property
    def environment(self) -> Environment:
        """The kind of stack: every throwaway test stack is a local one."""
        return "local" if TEST_STACK.fullmatch(self.stack) or self.stack == "local" else self._named_environment()

    def _named_environment(self) -> Environment:
        for name in get_args(Environment):
            if self.stack == name:
                return name
        raise SettingsError(
            f"stack is {self.stack!r}; known stacks are local, staging, production and t + 4 hex digits."
        )

    @property
    def app_host_count(self) -> int:
        """How many app hosts the stack has once the profile's default is applied."""
        return self.app_hosts or APP_HOSTS[self.profile]

    @field_validator("subnet")
    @classmethod
    def _subnet_is_ours(cls, subnet: ipaddress.IPv4Network) -> ipaddress.IPv4Network:
        if subnet.prefixlen != _STACK_PREFIX or not subnet.subnet_of(LOCAL_RANGE) or subnet == RESERVED:
            raise ValueError(
                f"must be a /24 inside {LOCAL_RANGE}, other than {RESERVED}. Use for example 198.18.7.0/24"
            )
        return subnet

    @field_validator("domain")
    @classmethod
    def _domain_is_a_name(cls, domain: str) -> str:
        if not re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", domain):
            raise ValueError("must be a lower-case DNS name of two labels or more. Use for example boka.test")
        return domain

    @field_validator("app_hosts")
    @classmethod
    def _app_hosts_in_bounds(cls, count: int) -> int:
        if count != 0 and count not in _APP_HOSTS_ALLOWED:
            raise ValueError("must be 2 to 12, so that one host can be lost. Leave it out for the profile's own number")
        return count

    @field_validator("mirror")
    @classmethod
    def _mirror_is_a_url(cls, mirror: str) -> str:
        if mirror and not re.fullmatch(r"https?://[\w.-]+(?::\d+)?/[\w./-]+", mirror):
            raise ValueError("must be an http(s) URL of a Debian archive. Leave it out for the machine's own")
        return mirror

    @model_validator(mode="after")
    def _local_names_end_in_test(self) -> "Settings":
        if self.environment == "local" and not self.domain.endswith(".test"):
            raise ValueError(f"domain is {self.domain!r}; a local stack's domain must end in .test. Use boka.test")
        return self


def load(stack: str, values: Mapping[str, object]) -> Settings:
    """Return the settings of `stack`, or refuse.

    Raises:
        SettingsError: names the file, the key, the value seen, what is allowed and the next step.
    """
    settings = validated(Settings, f"Pulumi.{stack}.yaml", values, stack=stack)
    assert settings.environment  # noqa: S101 - refuses an unknown stack name as early as the values
    return settings


def validated(model: type[ModelT], where: str, values: Mapping[str, object], **own: object) -> ModelT:
    """Return `model` of the file `where`: `values` are what it sets, `own` what the program itself knows.

    Raises:
        SettingsError: names the file, the key, the value seen, what is allowed and the next step.
    """
    known = sorted(set(model.model_fields) - set(own))
    for key in values:
        if key not in known:
            raise SettingsError(_unknown(where, key, known))
    try:
        return model.model_validate({**values, **own})
    except ValidationError as err:
        raise SettingsError("\n".join(_explain(where, values, line) for line in err.errors())) from err


def explain() -> list[Explained]:
    """Every setting of a local stack, in the order of the model."""
    return explained(Settings, {"stack"})


def explained(model: type[BaseModel], own: set[str]) -> list[Explained]:
    """Every setting of `model` but what the program itself knows, in the order of the model."""
    return [
        Explained(
            key=key,
            type=_type_text(field.annotation),
            default=None
            if field.is_required()
            else _plain(field.get_default(call_default_factory=True, validated_data={})),
            meaning=field.description or "",
            required=field.is_required(),
        )
        for key, field in model.model_fields.items()
        if key not in own
    ]


_TYPE_WORDS: dict[object, str] = {
    bool: "true | false",
    int: "number",
    str: "text",
    tuple: "list",
    dict: "map",
    ipaddress.IPv4Network: "IPv4 network",
    datetime.date: "day, YYYY-MM-DD",
}


def _type_text(annotation: Any) -> str:  # noqa: ANN401 - whatever a field may be annotated with
    if get_origin(annotation) is Literal:
        return " | ".join(str(word) for word in get_args(annotation))
    found = _TYPE_WORDS.get(annotation) or _TYPE_WORDS.get(get_origin(annotation))
    if found:
        return found
    # An alias with checks, or something that may be left out: what counts is its first part.
    return _type_text(get_args(annotation)[0])


def _plain(value: Any) -> Any:  # noqa: ANN401 - any default, as JSON would have it
    if isinstance(value, tuple):
        return [_plain(part) for part in cast("tuple[Any, ...]", value)]
    return cast("Any", value) if isinstance(value, (str, int, bool, dict, type(None))) else str(value)


def _unknown(where: str, key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"Did you mean boka:{near[0]}?" if near else f"Known keys: {', '.join(known)}."
    return f"{where} sets boka:{key}, which is not a setting. {hint}"


def _explain(where: str, values: Mapping[str, object], line: ErrorDetails) -> str:
    key = str(line["loc"][0]) if line["loc"] else ""
    reason = line["msg"].removeprefix("Value error, ")
    if line["type"] == "missing":
        return f"{where} does not set boka:{key}, which has no default. Set it; boka config explain says what it means."
    if not key:
        return f"{where}: {reason}."
    return (
        f"{where}: {key} is {values.get(key)!r}; it {reason}."
        if reason.startswith("must")
        else (f"{where}: {key} is {values.get(key)!r}: {reason[0].lower()}{reason[1:]}.")
    )
