"""Rules about what reaches what on AWS: ports, addresses, hosts, the load balancer."""

import re
from ipaddress import ip_network

from infra.policy.model import NotKnown, Resource, Stack, first_bad, items, shown

_ON, _OFF = True, False
# Nobody is given a larger block than this: what is wider is half the internet, written in two rules.
_WIDEST = {4: 8, 6: 20}
_OPEN_PORTS = (80, 443)
_SSH = 22
_BASTION = "ops"
_IMAGE = re.compile(r"ami-[0-9a-f]{17}")


def is_open(one: Resource) -> bool:
    """Whether a security-group rule lets in a network that is the whole internet, or much of it."""
    given = [one.get("cidrIpv4"), one.get("cidrIpv6")]
    networks = [ip_network(network, strict=False) for network in given if network]
    return any(network.prefixlen < _WIDEST[network.version] for network in networks)


def _admits(one: Resource, port: int) -> bool:
    if one.get("ipProtocol") == "-1":
        return True
    first, last = one.get("fromPort"), one.get("toPort")
    return first is None or last is None or first <= port <= last


def world_sees_web_ports_only(one: Resource, _: Stack) -> str:
    """Nothing but ports 80 and 443 is open to the whole internet."""
    if not is_open(one):
        return ""
    ports = (one.get("fromPort"), one.get("toPort"))
    narrow = one.get("ipProtocol") == "tcp" and ports[0] == ports[1] and ports[0] in _OPEN_PORTS
    return "" if narrow else f"{one.get('ipProtocol')} {ports[0]}-{ports[1]} is open to the internet"


def world_reaches_the_edge_only(one: Resource, stack: Stack) -> str:
    """What is open to the whole internet is open on the load balancer's security group."""
    if not is_open(one):
        return ""
    mine = set(one.refers.get("securityGroupId", ()))
    if not mine:
        raise NotKnown("securityGroupId")
    edges = {urn for other in stack.of("LoadBalancer") for urn in other.refers.get("securityGroups", ())}
    return "" if mine <= edges else f"group {', '.join(one.names_of('securityGroupId'))} is open to the internet"


def ssh_comes_through_the_bastion(one: Resource, _: Stack) -> str:
    """SSH reaches hosts from the bastion's security group, and networks reach the bastion's only."""
    if not _admits(one, _SSH):
        return ""
    if one.inputs.get("referencedSecurityGroupId"):
        source = one.names_of("referencedSecurityGroupId")
        return "" if source == (_BASTION,) else f"SSH comes from group {', '.join(source)}"
    target = one.names_of("securityGroupId")
    return "" if target == (_BASTION,) else f"group {', '.join(target)} takes SSH from a network"


def rule_names_one_port(one: Resource, _: Stack) -> str:
    """A security-group rule names one protocol and one port."""
    protocol, first, last = one.get("ipProtocol"), one.get("fromPort"), one.get("toPort")
    return "" if protocol in ("tcp", "udp") and first == last and first else f"it is {protocol} {first}-{last}"


def rule_says_why(one: Resource, _: Stack) -> str:
    """A security group and each of its rules has a description."""
    return one.must("description")


def rules_are_not_inline(one: Resource, _: Stack) -> str:
    """A security group's rules are resources of their own: inline ones and theirs delete one another."""
    inline = [key for key in ("ingress", "egress") if one.get(key)]
    return f"{inline[0]} is inline" if inline else ""


def default_group_is_empty(one: Resource, _: Stack) -> str:
    """The network's default security group lets nothing through."""
    return one.must("ingress", []) or one.must("egress", [])


def host_has_no_public_address(one: Resource, _: Stack) -> str:
    """No host is given a public address at launch."""
    return one.must("associatePublicIpAddress", _OFF)


def subnet_gives_no_public_address(one: Resource, _: Stack) -> str:
    """No subnet gives what starts in it a public address."""
    return one.must("mapPublicIpOnLaunch", _OFF, None)


def fixed_address_is_the_bastions(one: Resource, _: Stack) -> str:
    """Of all hosts only the bastion has a fixed public address."""
    names = one.names_of("instanceId")
    return first_bad(names, lambda name: "" if name.startswith(_BASTION) else f"{name} has a public address")


def internet_gateway_serves_the_public_tier(one: Resource, _: Stack) -> str:
    """Only the public tier's route table leads to the internet gateway, which lets the internet in as well."""
    if not one.inputs.get("gatewayId"):
        return ""
    tables = one.names_of("routeTableId")
    return "" if tables == ("public",) else f"table {', '.join(tables)} leads to the internet gateway"


def metadata_needs_a_token(one: Resource, _: Stack) -> str:
    """A host answers who it is to holders of a token only (IMDSv2)."""
    return one.must("metadataOptions.httpTokens", "required")


def metadata_stays_on_the_host(one: Resource, _: Stack) -> str:
    """A token of the metadata service travels no hop further than the host itself."""
    return one.must("metadataOptions.httpPutResponseHopLimit", 1)


def image_is_pinned(one: Resource, _: Stack) -> str:
    """A host's image is named by its id, else any day replaces it."""
    image = one.get("ami")
    return "" if isinstance(image, str) and _IMAGE.fullmatch(image) else f"ami is {shown(image)}"


def host_has_an_instance_profile(one: Resource, _: Stack) -> str:
    """A host has a role of its own, so that nobody lays a key on it."""
    return one.must("iamInstanceProfile")


def host_is_monitored(one: Resource, _: Stack) -> str:
    """A host is measured each minute, not each five."""
    return one.must("monitoring", _ON)


def host_with_data_is_not_terminated(one: Resource, stack: Stack) -> str:
    """A host with a data volume goes by a procedure only."""
    if not stack.about(one, "VolumeAttachment", "instanceId"):
        return ""
    return one.must("disableApiTermination", _ON)


def balancer_is_not_deleted(one: Resource, _: Stack) -> str:
    """A load balancer refuses to be deleted: its addresses are in everyone's resolver."""
    return one.must("enableDeletionProtection", _ON)


def listener_speaks_modern_tls(one: Resource, _: Stack) -> str:
    """A listener that ends TLS uses a policy of TLS 1.2 or newer, and one without TLS only redirects."""
    protocol = one.get("protocol")
    if protocol in ("HTTPS", "TLS"):
        policy = str(one.get("sslPolicy"))
        return "" if policy.startswith("ELBSecurityPolicy-TLS13-1-") else f"sslPolicy is {policy}"
    if protocol == "HTTP":
        return first_bad(one.items("defaultActions"), _redirects)
    return "" if protocol in ("TCP", "UDP") else f"protocol is {shown(protocol)}"


def _redirects(action: object) -> str:
    kinds = items(action, "type")
    return "" if kinds == ["redirect"] else f"plain HTTP is answered by {kinds}"


def flows_are_recorded(one: Resource, stack: Stack) -> str:
    """All that flows in the network is recorded, refused or not."""
    logs = stack.about(one, "FlowLog", "vpcId")
    return first_bad(logs, lambda log: log.must("trafficType", "ALL")) if logs else "no FlowLog names it"
