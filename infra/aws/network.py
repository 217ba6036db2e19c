"""The VPC: three zones by three tiers, the ways out, and the record of what flowed."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import address_plan, naming
from infra.aws.component import Component, Context

_ANYWHERE, _ANYWHERE_IPV6 = "0.0.0.0/0", "::/0"
# What hosts call without the internet: keys and secrets, and the tokens that open both.
_INTERFACE_SERVICES = ("kms", "secretsmanager", "sts", "logs", "ec2")


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """`flow_log_bucket_arn` takes the flow logs."""

    flow_log_bucket_arn: pulumi.Input[str]


class Network(Component):
    """Outputs: `vpc_id`, `subnet_ids` by "tier/zone", `endpoint_prefix_list_id` (S3), `endpoint_group_id`."""

    def __init__(self, name: str, args: NetworkArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Network", name, context, parent)
        self._vpc = self._make_vpc()
        self.vpc_id = self._vpc.id
        self._subnets = {key: self._subnet(*key) for key in address_plan.subnets(self._cidr, self._zones)}
        self.subnet_ids = {f"{tier}/{zone}": one.id for (tier, zone), one in self._subnets.items()}
        self._internet = aws.ec2.InternetGateway(
            "internet",
            vpc_id=self.vpc_id,
            tags=self.tags("internet"),
            opts=self.child(aws.ec2.InternetGateway, "internet"),
        )
        self._tables = self._route_tables()
        self._way_out()
        self.endpoint_prefix_list_id = self._s3_endpoint().prefix_list_id
        self.endpoint_group_id = self._interface_endpoints() if self.settings.egress == "endpoints" else None
        self._flow_log(args)
        self.register_outputs({"vpc_id": self.vpc_id, "subnet_ids": self.subnet_ids})

    @property
    def _cidr(self):  # noqa: ANN202 - the settings' type
        return self.settings.network

    @property
    def _zones(self) -> tuple[str, ...]:
        return self.settings.zones

    def _make_vpc(self) -> aws.ec2.Vpc:
        vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=str(self._cidr),
            assign_generated_ipv6_cidr_block=True,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self.tags("vpc"),
            opts=self.child(aws.ec2.Vpc, "vpc"),
        )
        # Adopted and emptied: whoever forgets a security group gets one through which nothing passes.
        aws.ec2.DefaultSecurityGroup(
            "default",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=self.tags("default"),
            opts=self.child(aws.ec2.DefaultSecurityGroup, "default"),
        )
        return vpc

    def _subnet(self, tier: str, zone: str) -> aws.ec2.Subnet:
        name = f"{tier}-{zone}"
        number = address_plan.slot(tier, self._zones.index(zone))
        return aws.ec2.Subnet(
            name,
            vpc_id=self.vpc_id,
            availability_zone=zone,
            cidr_block=str(address_plan.subnets(self._cidr, self._zones)[tier, zone]),
            ipv6_cidr_block=self._vpc.ipv6_cidr_block.apply(lambda block: address_plan.ipv6_subnet(block, number)),
            map_public_ip_on_launch=False,
            assign_ipv6_address_on_creation=False,
            tags=self.tags(name),
            opts=self.child(aws.ec2.Subnet, name),
        )

    def _route_tables(self) -> dict[str, aws.ec2.RouteTable]:
        """One table for the public tier and one a zone for the others, so that each zone can have its own way out."""
        tables = {key: self._route_table(key) for key in ("public", *self._zones)}
        for (tier, zone), subnet in self._subnets.items():
            name = f"{tier}-{zone}"
            aws.ec2.RouteTableAssociation(
                name,
                route_table_id=tables["public" if tier == "public" else zone].id,
                subnet_id=subnet.id,
                opts=self.child(aws.ec2.RouteTableAssociation, name),
            )
        return tables

    def _route_table(self, name: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            name, vpc_id=self.vpc_id, tags=self.tags(name), opts=self.child(aws.ec2.RouteTable, name)
        )

    def _way_out(self) -> None:
        public = self._tables["public"].id
        self._route("public", public, gateway_id=self._internet.id, destination_cidr_block=_ANYWHERE)
        self._route("public-ipv6", public, gateway_id=self._internet.id, destination_ipv6_cidr_block=_ANYWHERE_IPV6)
        if self.settings.egress == "endpoints":
            return
        outward = aws.ec2.EgressOnlyInternetGateway(
            "outward",
            vpc_id=self.vpc_id,
            tags=self.tags("outward"),
            opts=self.child(aws.ec2.EgressOnlyInternetGateway, "outward"),
        )
        gateways = {zone: self._nat(zone) for zone in self._nat_zones()}
        for zone in self._zones:
            nat = gateways.get(zone) or gateways[self._zones[0]]
            table = self._tables[zone].id
            self._route(zone, table, nat_gateway_id=nat.id, destination_cidr_block=_ANYWHERE)
            self._route(
                f"{zone}-ipv6", table, egress_only_gateway_id=outward.id, destination_ipv6_cidr_block=_ANYWHERE_IPV6
            )

    def _nat_zones(self) -> tuple[str, ...]:
        return self._zones if self.settings.egress == "nat-per-zone" else self._zones[:1]

    def _nat(self, zone: str) -> aws.ec2.NatGateway:
        name = f"nat-{zone}"
        address = aws.ec2.Eip(name, domain="vpc", tags=self.tags(name), opts=self.child(aws.ec2.Eip, name))
        return aws.ec2.NatGateway(
            name,
            allocation_id=address.id,
            subnet_id=self._subnets["public", zone].id,
            connectivity_type="public",
            tags=self.tags(name),
            opts=self.child(aws.ec2.NatGateway, name, after=[self._internet]),
        )

    def _route(self, name: str, table: pulumi.Input[str], **to: pulumi.Input[str]) -> None:
        aws.ec2.Route(name, route_table_id=table, opts=self.child(aws.ec2.Route, name), **to)

    def _s3_endpoint(self) -> aws.ec2.VpcEndpoint:
        """Free of charge, and backups then pass no NAT gateway."""
        return aws.ec2.VpcEndpoint(
            "s3",
            vpc_id=self.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{self.settings.region}.s3",
            route_table_ids=[table.id for table in self._tables.values()],
            tags=self.tags("s3"),
            opts=self.child(aws.ec2.VpcEndpoint, "s3"),
        )

    def _interface_endpoints(self) -> pulumi.Output[str]:
        group = aws.ec2.SecurityGroup(
            "endpoints",
            name=naming.physical(self.settings, "endpoints"),
            vpc_id=self.vpc_id,
            description="AWS services that the hosts of this network call",
            tags=self.tags("endpoints"),
            opts=self.child(aws.ec2.SecurityGroup, "endpoints"),
        )
        aws.vpc.SecurityGroupIngressRule(
            "endpoints",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=str(self._cidr),
            description="hosts of this network",
            tags=self.tags("endpoints"),
            opts=self.child(aws.vpc.SecurityGroupIngressRule, "endpoints"),
        )
        for service in _INTERFACE_SERVICES:
            aws.ec2.VpcEndpoint(
                service,
                vpc_id=self.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{self.settings.region}.{service}",
                private_dns_enabled=True,
                subnet_ids=[self._subnets["private", zone].id for zone in self._zones],
                security_group_ids=[group.id],
                tags=self.tags(service),
                opts=self.child(aws.ec2.VpcEndpoint, service),
            )
        return group.id

    def _flow_log(self, args: NetworkArgs) -> None:
        aws.ec2.FlowLog(
            "flows",
            vpc_id=self.vpc_id,
            traffic_type="ALL",
            log_destination_type="s3",
            log_destination=pulumi.Output.concat(args.flow_log_bucket_arn, "/flows/"),
            max_aggregation_interval=600,
            tags=self.tags("flows"),
            opts=self.child(aws.ec2.FlowLog, "flows"),
        )
