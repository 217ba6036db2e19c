"""What all components share: parent, provider, tags and the guard of what holds data."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.cloud_settings import CloudSettings


@dataclass(frozen=True, kw_only=True)
class Context:
    """Where components make things: the stack's account and region, the replica's, and Cloudflare."""

    settings: CloudSettings
    main: aws.Provider
    replica: aws.Provider
    cloudflare: pulumi.ProviderResource


class Component(pulumi.ComponentResource):
    """A named part of a layer. Its children have it as parent and take no options from its caller."""

    def __init__(self, kind: str, name: str, context: Context, parent: pulumi.Resource) -> None:
        super().__init__(naming.TOKENS[kind], name, None, pulumi.ResourceOptions(parent=parent))
        self.kind = kind
        self.context = context
        self.settings = context.settings

    def tags(self, name: str) -> dict[str, str]:
        """The tags of the child `name`."""
        return naming.tags(self.settings, self.kind, name)

    def child(
        self,
        resource: type[pulumi.CustomResource],
        name: str,
        *,
        after: Sequence[pulumi.Resource] = (),
        ignore: Sequence[str] = (),
        elsewhere: bool = False,
        delete_first: bool = False,
    ) -> pulumi.ResourceOptions:
        """Options of the child `name`: guarded if its type holds data; `elsewhere` makes it where the replica is.

        `delete_first` when old and new cannot be there at once, because both would have one address.
        """
        token = str(getattr(resource, "pulumi_type"))  # noqa: B009 - the SDK sets it by decorator, unseen by type checkers
        guarded = token in naming.STATEFUL and not self.settings.throwaway
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._provider_of(token, elsewhere=elsewhere),
            protect=guarded,
            retain_on_delete=guarded,
            depends_on=list(after),
            ignore_changes=list(ignore),
            delete_before_replace=delete_first or None,
            aliases=[pulumi.Alias(name=old) for old in naming.ALIASES.get((token, name), ())],
        )

    def _provider_of(self, token: str, *, elsewhere: bool) -> pulumi.ProviderResource:
        if token.startswith("cloudflare:"):
            return self.context.cloudflare
        return self.context.replica if elsewhere else self.context.main
