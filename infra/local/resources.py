"""The local stack as Pulumi resources: what each of them takes, and the order they depend in."""

import pulumi
from pulumi.dynamic import Resource

from infra import handover
from infra.fleet import Fleet
from infra.local import plan, providers
from infra.local.image import ImageSpec
from infra.settings import Settings


class PackageCache(Resource, module="boka", name="PackageCache"):
    """A stack's lease on the machine's package cache."""


class Image(Resource, module="boka", name="Image"):
    """A root filesystem layer. Outputs: `key`."""

    key: pulumi.Output[str]


class SshKey(Resource, module="boka", name="SshKey"):
    """The stack's SSH key. Outputs: `public_key`."""

    public_key: pulumi.Output[str]


class Network(Resource, module="boka", name="Network"):
    """The stack's bridge."""


class Volume(Resource, module="boka", name="Volume"):
    """A data volume."""


class Host(Resource, module="boka", name="Host"):
    """A systemd host. Outputs: `host_key`."""

    host_key: pulumi.Output[str]


class StackFile(Resource, module="boka", name="StackFile"):
    """The hand-over to configuration. Outputs: `fingerprint`."""

    fingerprint: pulumi.Output[str]


class LocalStack(pulumi.ComponentResource):
    """The whole fleet on this machine."""

    def __init__(self, fleet: Fleet, settings: Settings) -> None:
        super().__init__("boka:local:Stack", fleet.stack)
        self._fleet = fleet
        self._child = pulumi.ResourceOptions(parent=self)
        cache = PackageCache(
            providers.PackageCacheProvider(), "packages",
            {"stack": fleet.stack, "mirror": settings.mirror, "answers": True}, self._child,
        )  # fmt: skip
        images = self._images(cache)
        network = self._network()
        key = SshKey(providers.SshKeyProvider(), "ssh", {"stack": fleet.stack, "public_key": None}, self._child)
        hosts = {host.name: self._host(host.name, key, [network, *images]) for host in fleet.hosts}
        self.hand_over = self._hand_over(hosts)
        self.register_outputs({})

    def _images(self, cache: PackageCache) -> list[Image]:
        specs = {spec.key: spec for host in self._fleet.hosts for spec in plan.images(host)}
        base = self._image(next(spec for spec in specs.values() if not spec.packages), [cache])
        return [base, *(self._image(spec, [base]) for spec in specs.values() if spec.packages)]

    def _image(self, spec: ImageSpec, after: list[pulumi.Resource]) -> Image:
        props = {"stack": self._fleet.stack, "label": spec.label, "packages": list(spec.packages), "key": spec.key}
        return Image(providers.ImageProvider(), spec.label, props, self._after(after))

    def _network(self) -> Network:
        spec = plan.network(self._fleet)
        props = {"stack": spec.stack, "subnet": spec.subnet, "control_address": spec.control_address, "whole": True}
        return Network(providers.NetworkProvider(), "network", props, self._child)

    def _volumes(self, host: str) -> list[Volume]:
        return [
            Volume(
                providers.VolumeProvider(),
                volume.name,
                {"stack": self._fleet.stack, "name": volume.name, "size_mib": volume.size_mib},
                self._child,
            )
            for volume in self._fleet.volumes
            if volume.host == host
        ]

    def _host(self, name: str, key: SshKey, after: list[pulumi.Resource]) -> Host:
        wanted = next(host for host in self._fleet.hosts if host.name == name)
        props = {
            **plan.host_properties(self._fleet, wanted),
            "authorized_key": key.public_key,
            "running": True,
            "host_key": None,
        }
        return Host(providers.HostProvider(), name, props, self._after([*after, *self._volumes(name)]))

    def _hand_over(self, hosts: dict[str, Host]) -> StackFile:
        keys = pulumi.Output.all(**{name: host.host_key for name, host in hosts.items()})
        content = keys.apply(lambda found: handover.build(self._fleet, found).text())
        props = {"stack": self._fleet.stack, "content": content, "fingerprint": None}
        return StackFile(providers.StackFileProvider(), "stack-file", props, self._after(list(hosts.values())))

    def _after(self, resources: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=resources)
