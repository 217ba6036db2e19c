"""Examples of the rules over the local stack."""

from dataclasses import replace

from policy_case import Example, made, simple

from infra.policy.model import UNKNOWN

LOCAL = "pulumi-python:dynamic/boka:"
LOCAL_HOST = made(f"{LOCAL}Host", "app1", address="198.18.0.21")
LOCAL_NETWORK = made(f"{LOCAL}Network", "network", subnet="198.18.0.0/24", control_address="198.18.0.1")

EXAMPLES: dict[str, Example] = {
    # The local stack
    "local-host-has-a-memory-limit": simple(f"{LOCAL}Host", "memory_mib", 384, None),
    "local-host-has-a-processor-limit": simple(f"{LOCAL}Host", "cpus", 2, None),
    "local-host-lies-in-the-stacks-network": Example(
        good=LOCAL_HOST,
        beside=(LOCAL_NETWORK,),
        bad={"address": "198.18.1.21"},
        unknown_beside=(replace(LOCAL_NETWORK, inputs={"subnet": UNKNOWN}),),
    ),
    "local-address-is-one-hosts": Example(
        good=LOCAL_HOST,
        bad_beside=(made(f"{LOCAL}Host", "app2", address="198.18.0.21"),),
        unknown_beside=(made(f"{LOCAL}Host", "app2", address=UNKNOWN),),
    ),
    "local-host-knows-its-operator": simple(f"{LOCAL}Host", "authorized_key", "ssh-ed25519 AAAA", ""),
    "local-network-meets-nobodys": simple(f"{LOCAL}Network", "subnet", "198.18.0.0/24", "192.168.1.0/24"),
    "local-volume-has-a-size": simple(f"{LOCAL}Volume", "size_mib", 8192, 0),
}
