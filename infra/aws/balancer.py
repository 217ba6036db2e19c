"""The load balancer before the edges: it passes TCP on, so TLS ends on the edges and clients keep their address."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.aws.component import Component, Context
from infra.fleet import PORTS, Fleet

_LISTENERS = ("http", "https")
# The same question for both ports: a drained edge says 503 there, and a host without nginx nothing. In the clear,
# because an edge refuses a handshake without its name, which a load balancer does not send. AWS asks every 5 s at most
# often, and acts on two answers at least: an edge is left out after 14 s, and back after 10.
_HEALTH_CHECK: aws.lb.TargetGroupHealthCheckArgsDict = {
    "enabled": True,
    "protocol": "HTTP",
    "port": str(PORTS["http"]),
    "path": "/edge-health",
    "matcher": "200",
    "interval": 5,
    "timeout": 4,
    "healthy_threshold": 2,
    "unhealthy_threshold": 2,
}


@dataclass(frozen=True, kw_only=True)
class BalancerArgs:
    """Where it stands, what it may reach, and the hosts behind it."""

    fleet: Fleet
    vpc_id: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    group_id: pulumi.Input[str]
    instance_ids: Mapping[str, pulumi.Input[str]]


class Balancer(Component):
    """Outputs: `addresses` by zone, `dns_name`, `arn_suffix`, `target_groups` (ARN suffix by port name)."""

    def __init__(self, name: str, args: BalancerArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Balancer", name, context, parent)
        self._args = args
        fixed = {zone: self._address(zone) for zone in self.settings.zones}
        balancer = self._balancer(fixed)
        self.addresses = {zone: address.public_ip for zone, address in fixed.items()}
        self.dns_name, self.arn_suffix = balancer.dns_name, balancer.arn_suffix
        self.target_groups = {port: self._listen(port, balancer) for port in _LISTENERS}
        self.register_outputs({"addresses": self.addresses, "dns_name": self.dns_name})

    def _address(self, zone: str) -> aws.ec2.Eip:
        return aws.ec2.Eip(zone, domain="vpc", tags=self.tags(zone), opts=self.child(aws.ec2.Eip, zone))

    def _balancer(self, fixed: Mapping[str, aws.ec2.Eip]) -> aws.lb.LoadBalancer:
        mappings: list[aws.lb.LoadBalancerSubnetMappingArgsDict] = [
            {"subnet_id": self._args.subnet_ids[f"public/{zone}"], "allocation_id": address.id}
            for zone, address in fixed.items()
        ]
        return aws.lb.LoadBalancer(
            "edges",
            name=naming.physical(self.settings, "edges"),
            load_balancer_type="network",
            internal=False,
            ip_address_type="dualstack",
            subnet_mappings=mappings,
            security_groups=[self._args.group_id],
            enable_cross_zone_load_balancing=True,  # two edges, three zones
            enable_deletion_protection=not self.settings.throwaway,
            tags=self.tags("edges"),
            opts=self.child(aws.lb.LoadBalancer, "edges"),
        )

    def _listen(self, port: str, balancer: aws.lb.LoadBalancer) -> pulumi.Output[str]:
        group = aws.lb.TargetGroup(
            port,
            name=naming.physical(self.settings, port),
            vpc_id=self._args.vpc_id,
            target_type="instance",
            protocol="TCP",
            port=PORTS[port],
            preserve_client_ip="true",
            deregistration_delay=60,
            health_check=_HEALTH_CHECK,
            # A drained edge answers what it has begun; the connections of a dead one end as late, so not for longer.
            target_health_states=[
                {"enable_unhealthy_connection_termination": False, "unhealthy_draining_interval": 30}
            ],
            tags=self.tags(port),
            opts=self.child(aws.lb.TargetGroup, port),
        )
        aws.lb.Listener(
            port,
            load_balancer_arn=balancer.arn,
            protocol="TCP",
            port=PORTS[port],
            default_actions=[{"type": "forward", "target_group_arn": group.arn}],
            tags=self.tags(port),
            opts=self.child(aws.lb.Listener, port),
        )
        for edge in self._args.fleet.in_group("edge"):
            name = f"{port}-{edge.name}"
            aws.lb.TargetGroupAttachment(
                name,
                target_group_arn=group.arn,
                target_id=self._args.instance_ids[edge.name],
                port=PORTS[port],
                opts=self.child(aws.lb.TargetGroupAttachment, name),
            )
        return group.arn_suffix
