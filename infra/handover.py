"""The hand-over from infrastructure to configuration: the stack file and the hosts' SSH keys.

`build` is pure; `write`, `read` and `remove` are the edge. The inventory plugin reads this file and nothing else.
"""

import hashlib
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from infra import paths
from infra.fleet import PORTS, Fleet
from infra.local.packages import URL as PACKAGE_CACHE

SCHEMA = 1


class StackFileError(ValueError):
    """The stack file is missing, empty, malformed or not this stack's."""


# Names and addresses reach ssh's command line: they are held to their own alphabet.
HostName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,30}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NetworkPart(_Part):
    """The stack's addresses."""

    cidr: str
    control_address: str
    virtual_address: str
    package_mirror: str


class HostPart(_Part):
    """One host: literal address and the public SSH host key from provisioning."""

    address: Annotated[str, AfterValidator(lambda text: str(IPv4Address(text)))]
    groups: tuple[str, ...]
    memory_mib: int
    cpus: float
    host_key: str
    volumes: dict[str, int]


class FlowPart(_Part):
    """One permitted connection."""

    name: str
    sources: tuple[str, ...]
    target: str
    port: int
    protocol: str


class StackFile(_Part):
    """Everything that configuration may know about what exists. No secret."""

    schema_version: Literal[1]
    stack: str
    environment: str
    profile: str
    domain: str
    region: str
    contact: str
    operator_keys: tuple[str, ...]
    names: tuple[str, ...]
    network: NetworkPart
    hosts: dict[HostName, HostPart]
    flows: tuple[FlowPart, ...]
    ports: dict[str, int]
    endpoints: dict[str, str]
    buckets: dict[str, str]
    origin_authority: str

    def text(self) -> str:
        """The file's content; equal facts give equal text."""
        return self.model_dump_json(indent=1) + "\n"

    def fingerprint(self) -> str:
        """SHA-256 of the content, kept in Pulumi's state to tell a stale file."""
        return fingerprint(self.text())


def fingerprint(content: str) -> str:
    """SHA-256 of a stack file's content."""
    return hashlib.sha256(content.encode()).hexdigest()


def build(
    fleet: Fleet, host_keys: dict[str, str], made: Mapping[str, str] | None = None, origin_authority: str = ""
) -> StackFile:
    """Return the stack file of a fleet whose hosts have these SSH host keys.

    `made` are endpoints that only exist once the provider has made them; `virtual_address` is one of them on a cloud.
    `origin_authority` (PEM) signed the certificate by which a CDN shows the edges that it is ours.
    """
    endpoints = {**_endpoints(fleet), **(made or {})}
    sizes = {
        host.name: {v.mount_path: v.size_mib for v in fleet.volumes if v.host == host.name} for host in fleet.hosts
    }
    return StackFile(
        schema_version=SCHEMA,
        stack=fleet.stack,
        environment=fleet.environment,
        profile=fleet.profile,
        domain=fleet.domain,
        region=fleet.region,
        contact=fleet.contact,
        operator_keys=fleet.operator_keys,
        names=fleet.names,
        network=NetworkPart(
            cidr=str(fleet.network),
            control_address=str(fleet.control_address),
            virtual_address=endpoints["virtual_address"],
            package_mirror=PACKAGE_CACHE if fleet.environment == "local" else "",
        ),
        hosts={
            host.name: HostPart(
                address=str(host.address),
                groups=host.groups,
                memory_mib=host.memory_mib,
                cpus=host.cpus,
                host_key=host_keys[host.name],
                volumes=sizes[host.name],
            )
            for host in fleet.hosts
        },
        flows=tuple(
            FlowPart(name=f.name, sources=f.sources, target=f.target, port=f.port, protocol=f.protocol)
            for f in fleet.flows
        ),
        ports=PORTS,
        endpoints=endpoints,
        buckets=fleet.buckets,
        origin_authority=origin_authority,
    )


def _endpoints(fleet: Fleet) -> dict[str, str]:
    found = {"site": f"https://{fleet.domain}", "virtual_address": str(fleet.virtual_address or "")}
    for world in fleet.in_group("world"):
        found["dns_server"] = str(world.address)
        found["acme_directory"] = f"https://{world.name}:{PORTS['acme']}/dir"
        found["s3"] = f"https://{world.name}:{PORTS['s3']}"
    return found


def known_hosts_text(stack_file: StackFile) -> str:
    """Return the known_hosts content: each host under its alias `<name>.<stack>.internal.test`."""
    return "".join(f"{alias(stack_file.stack, name)} {host.host_key}\n" for name, host in stack_file.hosts.items())


def alias(stack: str, name: str) -> str:
    """The name under which a host's key is known (HostKeyAlias)."""
    return f"{name}.{stack}.internal.test"


def read(stack: str, source: Path | None = None) -> StackFile:
    """Return the stack file of `stack`.

    Raises:
        StackFileError: it is missing, empty, malformed, of another schema, or another stack's.
    """
    path = source or paths.stack_file(stack)
    if not path.exists():
        raise StackFileError(f"{path} does not exist: stack {stack} has not been raised. Run: boka up --stack {stack}")
    text = path.read_text()
    if not text.strip():
        raise StackFileError(f"{path} is empty. Write it anew: boka up --stack {stack}")
    try:
        found = StackFile.model_validate_json(text)
    except ValidationError as err:
        first = err.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise StackFileError(
            f"{path} is malformed at {where}: {first['msg']}. Write it anew: boka up --stack {stack}"
        ) from err
    if found.stack != stack:
        raise StackFileError(
            f"{path} belongs to stack {found.stack}, not {stack}. Write it anew: boka up --stack {stack}"
        )
    if not found.hosts:
        raise StackFileError(f"{path} lists no host. Write it anew: boka up --stack {stack}")
    return found


def remove(stack: str) -> None:
    """Remove the stack file and known_hosts; already gone is success."""
    paths.stack_file(stack).unlink(missing_ok=True)
    paths.known_hosts(stack).unlink(missing_ok=True)
