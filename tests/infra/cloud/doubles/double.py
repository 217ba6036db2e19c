"""A double of a provider: it answers Pulumi's engine as AWS's or Cloudflare's would, and keeps what it makes as files.

It lets the real engine run the real programs without an account: order, protection, replacement, recovery, drift. It
proves nothing about the clouds: it takes any input. A test reaches into its cloud by `$BOKA_DOUBLE_CLOUD`: one folder a
type, one JSON file a resource; and files there list, a line `Type name` each, what cannot be created or imported
(`fails`) and whose creation never ends: before it is made (`hangs`), after it (`hangs-made`). `hanging` lists those.
"""

# ruff: noqa: N802 - the protocol's own names

import json
import os
import sys
import time
import uuid
from concurrent import futures
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN

ACCOUNT, REGION = "111122223333", "eu-central-1"
CLOUD = Path(os.environ["BOKA_DOUBLE_CLOUD"])
PREFIXES = {
    "Instance": "i",
    "Volume": "vol",
    "Vpc": "vpc",
    "Subnet": "subnet",
    "SecurityGroup": "sg",
    "Eip": "eipalloc",
}
NAMED = ("bucket", "name")  # what people name at AWS has that name as its id
# What cannot be changed in place, of the types that tests change.
REPLACES = {
    "Instance": {"ami", "privateIp", "subnetId"},
    "VolumeAttachment": {"instanceId", "volumeId", "deviceName"},
    "Bucket": {"bucket"},
    "Vpc": {"cidrBlock"},
    "DnsRecord": {"type"},  # cloudflare/terraform-provider-cloudflare issue 6358
}
# By what a thing is imported, of the classes whose id there is more than the id. Source: "Import" in the SDK's classes.
IMPORTS = {
    "DnsRecord": "{zoneId}/{id}",
    "R2Bucket": "{accountId}/{name}/{jurisdiction}",
    "Ruleset": "zones/{zoneId}/{id}",
    "WorkersRoute": "{zoneId}/{id}",
    "ZoneSetting": "{zoneId}/{settingId}",
}
# What Cloudflare has once only, by the inputs that must not be the same.
SINGLE = {
    "DnsRecord": ("zoneId", "name", "type", "data"),
    "Ruleset": ("zoneId", "phase"),
    "WorkersRoute": ("zoneId", "pattern"),
}
OPTIONS = [("grpc.max_receive_message_length", 1 << 28), ("grpc.max_send_message_length", 1 << 28)]


def computed(kind: str, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """What the cloud decides; the program reads some of it."""
    bucket = f"arn:aws:s3:::{inputs.get('bucket')}"
    return {
        "arn": bucket if kind == "Bucket" else f"arn:aws:double:{REGION}:{ACCOUNT}:{kind.lower()}/{id_}",
        "arnSuffix": f"{kind.lower()}/net/{id_}/0123456789abcdef",
        "dnsName": f"{id_}.elb.{REGION}.amazonaws.com",
        "ipv6CidrBlock": "2001:db8:1200::/56",
        "name": id_,
        "prefixListId": "pl-6ea54007",
        "subdomain": f"{id_}.pages.dev",
        "value": f"made-by-a-double-{id_}",
        "ds": "an anchor of a double",
        "publicIp": f"203.0.113.{sum(id_.encode()) % 200 + 20}",
    }


def to_dict(struct: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(struct)


def to_struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def kind_of(urn: str) -> str:
    return urn.split("::")[-2].rsplit(":", 1)[-1]


def place(kind: str, id_: str) -> Path:
    return CLOUD / kind / f"{quote(id_, safe='')}.json"


def things(kind: str) -> dict[str, dict[str, Any]]:
    """What there is of a class, by id."""
    return {unquote(path.stem): json.loads(path.read_text()) for path in (CLOUD / kind).glob("*.json")}


def id_of_import(kind: str, asked: str) -> str:
    """The id of what is imported by `asked`."""
    form = IMPORTS.get(kind, "{id}")
    return next((id_ for id_, one in things(kind).items() if form.format_map({**one, "id": id_}) == asked), asked)


def told(what: str, kind: str, urn: str) -> bool:
    file = CLOUD / what
    return file.exists() and f"{kind} {urn.rpartition('::')[2]}" in file.read_text().splitlines()


def fail_if_told_to(kind: str, urn: str, context: grpc.ServicerContext) -> None:
    if told("fails", kind, urn):
        context.abort(grpc.StatusCode.INTERNAL, "the double was told to fail here")


def hang(kind: str, urn: str) -> None:
    """Do not answer; be gone when the engine is."""
    with (CLOUD / "hanging").open("a") as file:
        file.write(f"{kind} {urn.rpartition('::')[2]}\n")
    engine = os.getppid()
    while os.getppid() == engine:
        time.sleep(0.2)
    os._exit(0)


class Double(provider_pb2_grpc.ResourceProviderServicer):
    """The engine's questions, and answers from files."""

    def GetPluginInfo(self, _request, _context):
        return plugin_pb2.PluginInfo(version="999.0.0")  # newer than any SDK asks for

    def CheckConfig(self, request, _context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request, _context):
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, _request, _context):
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request, _context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request, _context):
        olds, news = to_dict(request.olds), to_dict(request.news)
        gone = [key for key in to_dict(request.old_inputs) if key not in news]
        changed = gone + [key for key, value in news.items() if olds.get(key) != value]
        kinds = provider_pb2.DiffResponse
        replaces = [key for key in changed if key in REPLACES.get(kind_of(request.urn), ())]
        answer = kinds.DIFF_SOME if changed else kinds.DIFF_NONE
        return kinds(changes=answer, diffs=changed, replaces=replaces)

    def Create(self, request, context):
        kind, inputs = kind_of(request.urn), to_dict(request.properties)
        if request.preview:
            unknown = dict.fromkeys(computed(kind, "", inputs), UNKNOWN)
            return provider_pb2.CreateResponse(properties=to_struct({**unknown, **inputs}))
        fail_if_told_to(kind, request.urn, context)
        if told("hangs", kind, request.urn):
            hang(kind, request.urn)
        named = "$aws:" in request.urn and any(key in inputs for key in NAMED)
        id_ = ":".join(str(inputs[key]) for key in ("role", *NAMED) if key in inputs) if named else ""
        if place(kind, id_).exists():
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{kind} {id_} exists already")
        self._refuse_a_second(kind, inputs, context)
        id_ = id_ or f"{PREFIXES.get(kind, kind.lower())}-{uuid.uuid4().hex[:17]}"
        properties = self._keep(kind, id_, inputs)
        if told("hangs-made", kind, request.urn):
            hang(kind, request.urn)
        return provider_pb2.CreateResponse(id=id_, properties=properties)

    def Read(self, request, context):
        kind, known = kind_of(request.urn), to_dict(request.inputs)
        id_ = request.id
        if not known:  # who imports knows no inputs
            fail_if_told_to(kind, request.urn, context)
            id_ = id_of_import(kind, request.id)
        found = place(kind, id_)
        if not found.exists():
            return provider_pb2.ReadResponse()
        properties = json.loads(found.read_text())
        inputs = {key: properties.get(key) for key in known or properties}
        return provider_pb2.ReadResponse(id=id_, properties=to_struct(properties), inputs=to_struct(inputs))

    def Update(self, request, _context):
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct({**to_dict(request.olds), **to_dict(request.news)}))
        properties = self._keep(kind_of(request.urn), request.id, to_dict(request.news))
        return provider_pb2.UpdateResponse(properties=properties)

    def Delete(self, request, _context):
        place(kind_of(request.urn), request.id).unlink(missing_ok=True)
        return empty_pb2.Empty()

    def Cancel(self, _request, _context):
        return empty_pb2.Empty()

    def _refuse_a_second(self, kind: str, inputs: dict[str, Any], context: grpc.ServicerContext) -> None:
        keys = SINGLE.get(kind, ())
        if keys and any(all(one.get(key) == inputs.get(key) for key in keys) for one in things(kind).values()):
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{kind} {inputs} exists already")

    def _keep(self, kind: str, id_: str, inputs: dict[str, Any]) -> struct_pb2.Struct:
        properties = {**computed(kind, id_, inputs), **inputs}
        found = place(kind, id_)
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(json.dumps(properties))
        return to_struct(properties)


def serve() -> None:
    """Answer until the engine ends us or is gone."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Double(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    engine = os.getppid()
    while os.getppid() == engine:
        time.sleep(1)
