"""A host's SSH key pair as a Pulumi resource. State names the provider's module and class: never move or rename it."""

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider

from infra import host_keys


class HostKeyProvider(ResourceProvider):
    """Makes a pair once; the private half is a secret of the state, which a KMS key encrypts."""

    serialize_as_secret_always = False  # captures nothing, so the state stays readable

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the pair."""
        private, public = host_keys.generate()
        return CreateResult(f"host-key/{props['host']}", {**props, "private_key": private, "public_key": public})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """A pair never changes; another host's is another resource."""
        return DiffResult(changes=False)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """It exists in the state only, so the state is right."""
        return ReadResult(id_, props)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Nothing lies outside the state."""


class HostKey(Resource, module="boka", name="HostKey"):
    """Outputs: `private_key` (secret), `public_key`."""

    private_key: pulumi.Output[str]
    public_key: pulumi.Output[str]

    def __init__(self, host: str, opts: pulumi.ResourceOptions) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["private_key"])
        props = {"host": host, "private_key": None, "public_key": None}
        super().__init__(HostKeyProvider(), host, props, pulumi.ResourceOptions.merge(opts, secret))
