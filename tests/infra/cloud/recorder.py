"""Runs the real program against a recording monitor: what would be registered, with which options, and no provider.

`record("production-base")` gives the graph of one layer. An invoke fails: the program looks nothing up. It records what
plain mocks do not see: parent, protection, provider, aliases, and which inputs are secret.
"""

import asyncio
import gc
import hashlib
import json
import os
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import yaml
from google.protobuf import json_format
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime import rpc
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

REPOSITORY = Path(__file__).parents[3]
_SECRET = rpc._special_secret_sig
_SIGNATURE = rpc._special_sig_key
ACCOUNT = "111122223333"
_TOKEN = {"cloudflare:apiToken": "recorded-token"}


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One resource as the program registered it. `inputs` are in the provider's spelling, secrets opened."""

    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    secret_inputs: frozenset[str]
    secret_outputs: frozenset[str]
    protect: bool
    retain: bool
    provider: str
    aliases: tuple[str, ...]
    ignored: tuple[str, ...]
    depends_on: tuple[str, ...]
    refers: dict[str, tuple[str, ...]]
    delete_first: bool
    urn: str


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All resources of one layer, in no order that means anything, and the stack's outputs."""

    stack: str
    resources: tuple[Registered, ...]
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Registered]:
        """The resources (no components) whose type ends in `kind`, by name."""
        return {one.name: one for one in self.resources if one.custom and one.type.endswith(f":{kind}")}

    def cloud(self) -> list[Registered]:
        """What a provider makes: no components, providers, references."""
        return [one for one in self.resources if one.type.startswith(("aws:", "cloudflare:"))]

    def of_aws(self) -> list[Registered]:
        """What AWS makes."""
        return [one for one in self.resources if one.type.startswith("aws:")]


class _Answers(pulumi_mocks.Mocks):
    """Realistic ids and computed outputs by type, so that programs may read them; a preview knows neither."""

    def __init__(self, base: Mapping[str, Any], *, preview: bool) -> None:
        self._base = base
        self._preview = preview

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": dict(self._base), "secretOutputNames": []}
        if self._preview:
            return "", {key: value for key, value in args.inputs.items() if value is not None}
        kind = args.typ.split(":")[-1]
        service = args.typ.split(":")[1].split("/")[0]
        arn = f"arn:aws:{service}:eu-central-1:{ACCOUNT}:{kind.lower()}/{args.name}"
        computed: dict[str, Any] = {
            "arn": f"arn:aws:s3:::{args.inputs.get('bucket')}" if kind == "Bucket" else arn,
            "name": args.inputs.get("name", args.name),
            "ipv6CidrBlock": "2001:db8:1200::/56" if kind == "Vpc" else args.inputs.get("ipv6CidrBlock"),
            "publicIp": "203.0.113.80",
            "dnsName": f"{args.name}.elb.eu-central-1.amazonaws.com",
            "arnSuffix": f"{kind.lower()}/net/{args.name}/0123456789abcdef",
            "prefixListId": "pl-6ea54007",
            "public_key": f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIRecorded{args.name:x<36}",
            "private_key": f"-----BEGIN {args.name}-----",
            "host_key": "ssh-ed25519 AAAA",
            "authority": f"-----BEGIN CERTIFICATE-----\nrecorded authority of {args.name}\n-----END CERTIFICATE-----\n",
            "certificate": f"-----BEGIN CERTIFICATE-----\nrecorded for {args.name}\n-----END CERTIFICATE-----\n",
            "fingerprint": "recorded",
            "subdomain": f"{args.inputs.get('name')}.pages.dev",
            "scriptName": args.name,
            "value": f"recorded value of {args.name}",
            "ds": "boka.example. 3600 IN DS 2371 13 2 recorded",
        }
        return _id(kind, args), {**computed, **{key: value for key, value in args.inputs.items() if value is not None}}

    def call(self, args: pulumi_mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"the program looks nothing up, yet called {args.token}")


_PREFIXES = {
    "Vpc": "vpc",
    "Subnet": "subnet",
    "Instance": "i",
    "Volume": "vol",
    "SecurityGroup": "sg",
    "RouteTable": "rtb",
    "InternetGateway": "igw",
    "EgressOnlyInternetGateway": "eigw",
    "NatGateway": "nat",
    "Eip": "eipalloc",
    "VpcEndpoint": "vpce",
}


def _id(kind: str, args: pulumi_mocks.MockResourceArgs) -> str:
    if kind in _PREFIXES:
        return f"{_PREFIXES[kind]}-{hashlib.sha256(f'{kind}/{args.name}'.encode()).hexdigest()[:17]}"
    return str(args.inputs.get("bucket") or args.inputs.get("name") or f"{args.name}-id")


class Monitor(pulumi_mocks.MockMonitor):
    """The engine's side of the conversation; it keeps what was said."""

    def __init__(self, mocks: pulumi_mocks.Mocks) -> None:
        super().__init__(mocks)
        self.seen: list[Registered] = []
        self.outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's own
        answer = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            self.seen.append(_registered(request, answer.urn))
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the protocol's own
        if "pulumi:pulumi:Stack::" in request.urn:
            self.outputs = _open(json_format.MessageToDict(request.outputs))
        return super().RegisterResourceOutputs(request)


def _registered(request: Any, urn: str) -> Registered:
    raw = json_format.MessageToDict(request.object)
    return Registered(
        type=request.type,
        name=request.name,
        parent=request.parent,
        custom=request.custom,
        inputs=_open(raw),
        secret_inputs=frozenset(key for key, value in raw.items() if _is_secret(value)),
        secret_outputs=frozenset(request.additionalSecretOutputs),
        protect=request.protect,
        retain=request.retainOnDelete,
        provider=request.provider.split("::")[-2] if request.provider else "",
        aliases=tuple(alias.spec.name for alias in request.aliases if alias.spec.name),  # the SDK adds its old types
        ignored=tuple(request.ignoreChanges),
        depends_on=tuple(request.dependencies),
        refers={key: tuple(one.urns) for key, one in request.propertyDependencies.items() if one.urns},
        delete_first=request.deleteBeforeReplace,
        urn=urn,
    )


def _is_secret(value: object) -> bool:
    return isinstance(value, dict) and value.get(_SIGNATURE) == _SECRET


def _open(value: Any) -> Any:
    if _is_secret(value):
        return _open(value["value"])
    if isinstance(value, dict):
        return {key: _open(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_open(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def settings_of(stack: str, **changed: object) -> dict[str, object]:
    """The committed settings of a stack's environment, some of them changed; None leaves one out."""
    found = _committed(f"Pulumi.{stack.removesuffix('-base')}.yaml") | changed
    return {key: value for key, value in found.items() if value is not None}


@cache  # some 600 tests and examples ask
def _committed(file: str) -> dict[str, object]:
    content: dict[str, object] = yaml.safe_load((REPOSITORY / file).read_text())["config"]
    return {key.removeprefix("boka:"): value for key, value in content.items() if key.startswith("boka:")}


def as_text(values: Mapping[str, object]) -> dict[str, str]:
    """Settings as Pulumi hands them to the program: everything is text, lists and maps are JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def record(stack: str, *, preview: bool = False, **changed: object) -> Graph:
    """Run the program of `stack` with its committed settings, some changed, and return what it registered."""
    return _record(stack, preview, json.dumps(as_text(settings_of(stack, **changed)), sort_keys=True))


@cache
def _record(stack: str, preview: bool, values: str) -> Graph:  # noqa: FBT001 - behind `record`
    stands_on_a_base = stack in ("staging", "production")
    base = {} if not stands_on_a_base else _record(f"{stack}-base", False, values).outputs  # noqa: FBT003
    loop = asyncio.new_event_loop()  # another test may have closed the one of this thread
    asyncio.set_event_loop(loop)
    monitor = Monitor(_Answers(base, preview=preview))
    pulumi.runtime.set_mocks(monitor.mocks, project="boka", stack=stack, preview=preview, monitor=monitor)
    set_root_resource(None)  # the mocks made one; the program's own stack takes its place and its outputs
    config = {f"boka:{key}": value for key, value in json.loads(values).items()}
    told = {"PULUMI_CONFIG": json.dumps(config | _TOKEN), "PULUMI_CONFIG_SECRET_KEYS": json.dumps([*_TOKEN])}

    def program() -> None:
        runpy.run_module("infra.__main__", run_name="__main__")

    try:
        with mock.patch.dict(os.environ, told):  # how the engine hands settings to a program
            loop.run_until_complete(run_in_stack(program))
    finally:
        gc.enable()  # a program switches it off, since it ends with its process
    return Graph(stack=stack, resources=tuple(sorted(monitor.seen, key=lambda one: one.urn)), outputs=monitor.outputs)
