"""Security groups: one a group of hosts, one rule a permitted flow and source, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.aws.component import Component, Context
from infra.cloudflare import ranges
from infra.fleet import CDN, Flow

BALANCER = "balancer"
_ANYWHERE = {"cidr_ipv4": "0.0.0.0/0", "cidr_ipv6": "::/0"}
# The CDN's networks as prefix lists, with room to grow: a rule counts as many as its list may have, and a group may
# have 60 rules of each family.
_CDN_LISTS = {"cdn-ipv4": ("IPv4", 20), "cdn-ipv6": ("IPv6", 12)}


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """The network, what may flow in it, and the groups that it has."""

    vpc_id: pulumi.Input[str]
    groups: tuple[str, ...]
    flows: tuple[Flow, ...]
    endpoint_group_id: pulumi.Input[str] | None
    s3_prefix_list_id: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of one security group. `other` is a group, a network in CIDR form, or a list of the CDN's."""

    group: str
    inward: bool
    other: str
    flow: Flow

    @property
    def name(self) -> str:
        """Stable: the flow, its protocol where there are two, and both ends."""
        kind = "" if self.flow.protocol == "tcp" else f"-{self.flow.protocol}"
        return f"{self.flow.name}{kind}-{'from' if self.inward else 'to'}-{self.other}-{self.group}"


def rules(flows: tuple[Flow, ...], operators: tuple[str, ...]) -> list[Rule]:
    """Return every rule that the flows need. What is open to everyone is open on the load balancer, not on hosts."""
    return [rule for flow in flows for source in flow.sources for rule in _rules_of(flow, source, operators)]


def _rules_of(flow: Flow, source: str, operators: tuple[str, ...]) -> list[Rule]:
    if source == "control":
        return [Rule(group=flow.target, inward=True, other=network, flow=flow) for network in operators]
    if source == "any":
        everyone = [Rule(group=BALANCER, inward=True, other=network, flow=flow) for network in _ANYWHERE.values()]
        return [*everyone, *_between(BALANCER, flow.target, flow)]
    if source == CDN:
        lists = [Rule(group=BALANCER, inward=True, other=name, flow=flow) for name in _CDN_LISTS]
        return [*lists, *_between(BALANCER, flow.target, flow)]
    if flow.target == "any":
        return [Rule(group=source, inward=False, other=network, flow=flow) for network in _ANYWHERE.values()]
    return _between(source, flow.target, flow)


def _between(source: str, target: str, flow: Flow) -> list[Rule]:
    return [
        Rule(group=source, inward=False, other=target, flow=flow),
        Rule(group=target, inward=True, other=source, flow=flow),
    ]


class Firewall(Component):
    """Outputs: `group_ids` by group of hosts, and the load balancer's under `balancer`."""

    def __init__(self, name: str, args: FirewallArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Firewall", name, context, parent)
        self.group_ids = {group: self._group(group, args) for group in (BALANCER, *args.groups)}
        self._list_ids = {name: self._list(name) for name in _CDN_LISTS} if self.settings.cdn else {}
        closed = self.settings.egress == "endpoints"
        for rule in rules(args.flows, tuple(str(network) for network in self.settings.operator_networks)):
            if not (closed and rule.flow.target == "any"):
                self._rule(rule)
        self._to_services(args)
        self.register_outputs({"group_ids": self.group_ids})

    def _group(self, group: str, args: FirewallArgs) -> pulumi.Output[str]:
        return aws.ec2.SecurityGroup(
            group,
            name=naming.physical(self.settings, group),
            description=f"Boka {self.settings.environment}: {group}",
            vpc_id=args.vpc_id,
            tags=self.tags(group),
            opts=self.child(aws.ec2.SecurityGroup, group),
        ).id

    def _list(self, name: str) -> pulumi.Output[str]:
        family, room = _CDN_LISTS[name]
        found = ranges.published()
        networks = found.ipv4 if family == "IPv4" else found.ipv6
        return aws.ec2.ManagedPrefixList(
            name,
            name=naming.physical(self.settings, name),
            address_family=family,
            max_entries=room,
            entries=[{"cidr": str(network), "description": "Cloudflare"} for network in sorted(networks)],
            tags=self.tags(name),
            opts=self.child(aws.ec2.ManagedPrefixList, name),
        ).id

    def _rule(self, rule: Rule) -> None:
        direction = "from" if rule.inward else "to"
        self._make(
            rule.name,
            inward=rule.inward,
            group=rule.group,
            port=rule.flow.port,
            protocol=rule.flow.protocol,
            description=f"{rule.flow.name} {direction} {rule.other}",
            other=self._end(rule.other),
        )

    def _end(self, other: str) -> Mapping[str, pulumi.Input[str]]:
        if other in self.group_ids:
            return {"referenced_security_group_id": self.group_ids[other]}
        if other in self._list_ids:
            return {"prefix_list_id": self._list_ids[other]}
        return {"cidr_ipv6" if ":" in other else "cidr_ipv4": other}

    def _to_services(self, args: FirewallArgs) -> None:
        """S3 through its gateway, and where there is no internet the other services through their endpoints."""
        for group in args.groups:
            ends = {"s3": {"prefix_list_id": args.s3_prefix_list_id}}
            if args.endpoint_group_id is not None:
                ends["endpoints"] = {"referenced_security_group_id": args.endpoint_group_id}
            for service, end in ends.items():
                self._make(
                    f"{service}-{group}",
                    inward=False,
                    group=group,
                    port=443,
                    protocol="tcp",
                    description=f"{service} by the network itself",
                    other=end,
                )

    def _make(  # noqa: PLR0913 - the six facts of a rule, all by name
        self,
        name: str,
        *,
        inward: bool,
        group: str,
        port: int,
        protocol: str,
        description: str,
        other: Mapping[str, pulumi.Input[str]],
    ) -> None:
        kind = aws.vpc.SecurityGroupIngressRule if inward else aws.vpc.SecurityGroupEgressRule
        kind(
            name,
            security_group_id=self.group_ids[group],
            ip_protocol=protocol,
            from_port=port,
            to_port=port,
            description=description,
            tags=self.tags(name),
            opts=self.child(kind, name),
            **other,
        )
