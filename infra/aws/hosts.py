"""The hosts and their data volumes: pinned image, encrypted disks, literal addresses, keys known beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import address_plan, naming
from infra.aws import first_boot
from infra.aws.component import Component, Context
from infra.aws.host_key import HostKey
from infra.aws.vault import SELECTED
from infra.fleet import Fleet, Host, Volume

_MIB_A_GIB = 1024
# Read once, at the first boot: a change would stop and start the host for nothing.
_FIRST_BOOT_ONLY = ("userDataBase64",)
# A host keeps its image until it is named, so one line of the settings cannot replace all at once (ADR 0011).
_KEPT = (*_FIRST_BOOT_ONLY, "ami")


@dataclass(frozen=True, kw_only=True)
class HostsArgs:
    """Where hosts stand and what they may."""

    fleet: Fleet
    subnet_ids: Mapping[str, pulumi.Input[str]]
    group_ids: Mapping[str, pulumi.Input[str]]
    profiles: Mapping[str, aws.iam.InstanceProfile]
    volume_key_arn: pulumi.Input[str]


class Hosts(Component):
    """Outputs: `instance_ids` and `host_keys` by host, `bastion_address`."""

    def __init__(self, name: str, args: HostsArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Hosts", name, context, parent)
        self._args = args
        self._spread = self._placement()
        keys = {host.name: self._key(host) for host in args.fleet.hosts}
        instances = {host.name: self._host(host, keys[host.name]) for host in args.fleet.hosts}
        self.instance_ids = {host: instance.id for host, instance in instances.items()}
        self.host_keys = {host: key.public_key for host, key in keys.items()}
        bastion = args.fleet.in_group("ops")[0].name
        self.bastion_address = self._public_address(bastion, instances[bastion])
        self.register_outputs({"instance_ids": self.instance_ids})

    def _key(self, host: Host) -> HostKey:
        return HostKey(host.name, pulumi.ResourceOptions(parent=self))

    def _placement(self) -> dict[str, aws.ec2.PlacementGroup]:
        """Hosts of a group that share a zone still stand on different hardware; AWS spreads seven a zone."""
        groups = sorted({host.groups[0] for host in self._args.fleet.hosts})
        return {
            group: aws.ec2.PlacementGroup(
                group,
                name=naming.physical(self.settings, group),
                strategy="spread",
                spread_level="rack",
                tags=self.tags(group),
                opts=self.child(aws.ec2.PlacementGroup, group),
            )
            for group in groups
        }

    def _host(self, host: Host, key: HostKey) -> aws.ec2.Instance:
        volumes = {
            volume.name: self._volume(host, volume) for volume in self._args.fleet.volumes if volume.host == host.name
        }
        instance = self._instance(host, key, volumes)
        for letter, (name, volume) in zip("fghij", volumes.items(), strict=False):
            aws.ec2.VolumeAttachment(
                name,
                device_name=f"/dev/sd{letter}",
                instance_id=instance.id,
                volume_id=volume.id,
                stop_instance_before_detaching=True,  # a detach under a running database tears its files
                opts=self.child(aws.ec2.VolumeAttachment, name),
            )
        return instance

    def _volume(self, host: Host, volume: Volume) -> aws.ebs.Volume:
        return aws.ebs.Volume(
            volume.name,
            availability_zone=host.zone,
            size=volume.size_mib // _MIB_A_GIB,
            type="gp3",
            encrypted=True,
            kms_key_id=self._args.volume_key_arn,
            final_snapshot=not self.settings.throwaway,
            tags={**self.tags(volume.name), **SELECTED},
            opts=self.child(aws.ebs.Volume, volume.name),
        )

    def _instance(self, host: Host, key: HostKey, volumes: Mapping[str, aws.ebs.Volume]) -> aws.ec2.Instance:
        group = host.groups[0]
        tier = address_plan.TIER_OF[group]
        return aws.ec2.Instance(
            host.name,
            ami=self.settings.image_of(host.name),
            instance_type=self.settings.instance_type(group),
            subnet_id=self._args.subnet_ids[f"{tier}/{host.zone}"],
            private_ip=str(host.address),
            ipv6_address_count=0 if tier == "data" else 1,
            associate_public_ip_address=False,  # the bastion's fixed address is attached beside
            vpc_security_group_ids=[self._args.group_ids[name] for name in host.groups],
            iam_instance_profile=self._args.profiles[group].name,
            placement_group=self._spread[group].name,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "disabled",
            },
            root_block_device={
                "encrypted": True,
                "kms_key_id": self._args.volume_key_arn,
                "volume_type": "gp3",
                "volume_size": self.settings.root_gib,
                "delete_on_termination": True,
                "tags": self.tags(f"{host.name}-root"),
            },
            user_data_base64=self._first_boot(host, key, volumes),
            user_data_replace_on_change=False,
            # Hosts without data come and go with the settings. The others are held against a slip in the console; the
            # engine may replace one that is named, since it never deletes their volumes.
            disable_api_termination=bool(volumes) and not self.settings.throwaway,
            force_destroy=True,
            instance_initiated_shutdown_behavior="stop",
            monitoring=True,
            tags=self.tags(host.name),
            opts=self.child(aws.ec2.Instance, host.name, ignore=self._ignored(host), delete_first=True),
        )

    def _ignored(self, host: Host) -> tuple[str, ...]:
        return _FIRST_BOOT_ONLY if host.name in self.settings.host_images else _KEPT

    def _first_boot(self, host: Host, key: HostKey, volumes: Mapping[str, aws.ebs.Volume]) -> pulumi.Output[str]:
        paths = {volume.name: volume.mount_path for volume in self._args.fleet.volumes}
        ids = pulumi.Output.from_input({paths[name]: volume.id for name, volume in volumes.items()})
        facts = pulumi.Output.all(private=key.private_key, public=key.public_key, ids=ids)
        text = facts.apply(
            lambda known: first_boot.user_data(
                host=host.name,
                host_private_key=known["private"],
                host_public_key=known["public"],
                operator_keys=self.settings.operator_keys,
                mounts={volume_id: path for path, volume_id in known["ids"].items()},
            )
        )
        return pulumi.Output.secret(text)

    def _public_address(self, name: str, instance: aws.ec2.Instance) -> pulumi.Output[str]:
        address = aws.ec2.Eip(name, domain="vpc", tags=self.tags(name), opts=self.child(aws.ec2.Eip, name))
        aws.ec2.EipAssociation(
            name,
            allocation_id=address.id,
            instance_id=instance.id,
            opts=self.child(aws.ec2.EipAssociation, name),
        )
        return address.public_ip
