"""What a host may do on AWS, by its group: an instance profile each, and nothing that its roles do not need."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.aws import documents
from infra.aws.component import Component, Context

# Prefixes of the backup bucket; infra/aws/buckets.py says how long each is kept.
TIERS = ("daily", "weekly", "monthly")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the statements name."""

    backup_bucket_arn: str
    backup_key_arn: str
    artefact_bucket_arn: str
    artefact_key_arn: str


def statements(group: str, facts: Facts) -> list[documents.Statement]:
    """Return what a host of `group` may do; most may do nothing.

    A database has no way to its backups: the repository on the ops host fetches them from it and hands them back, so
    who takes a database over cannot overwrite them.
    """
    backup = documents.use_bucket(facts.backup_bucket_arn, facts.backup_key_arn, TIERS, write=True)
    artefact = documents.use_bucket(facts.artefact_bucket_arn, facts.artefact_key_arn, ("releases",), write=False)
    return [*backup, *artefact] if group == "ops" else []


@dataclass(frozen=True, kw_only=True)
class RolesArgs:
    """The groups that have hosts of their own, each with all groups of those hosts, and the buckets they use."""

    groups: dict[str, tuple[str, ...]]
    backup_bucket_arn: str
    backup_key_arn: pulumi.Input[str]
    artefact_bucket_arn: str
    artefact_key_arn: pulumi.Input[str]


class Roles(Component):
    """Outputs: `profiles` by group."""

    def __init__(self, name: str, args: RolesArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Roles", name, context, parent)
        self.profiles = {group: self._profile(group, groups, args) for group, groups in args.groups.items()}
        self.register_outputs({})

    def _profile(self, group: str, groups: Sequence[str], args: RolesArgs) -> aws.iam.InstanceProfile:
        physical = naming.physical(self.settings, group)
        role = aws.iam.Role(
            group,
            name=physical,
            description=f"Boka {self.settings.environment}: hosts of {group}",
            assume_role_policy=documents.trust("ec2.amazonaws.com"),
            tags=self.tags(group),
            opts=self.child(aws.iam.Role, group),
        )
        if _wants_policy(groups):
            aws.iam.RolePolicy(
                group,
                name="hosts",
                role=role.name,
                policy=self._policy(groups, args),
                opts=self.child(aws.iam.RolePolicy, group),
            )
        return aws.iam.InstanceProfile(
            group, name=physical, role=role.name, tags=self.tags(group), opts=self.child(aws.iam.InstanceProfile, group)
        )

    def _policy(self, groups: Sequence[str], args: RolesArgs) -> pulumi.Output[str]:
        def built(keys: Sequence[str]) -> str:
            facts = Facts(
                backup_bucket_arn=args.backup_bucket_arn,
                backup_key_arn=keys[0],
                artefact_bucket_arn=args.artefact_bucket_arn,
                artefact_key_arn=keys[1],
            )
            return documents.document([one for group in groups for one in statements(group, facts)])

        return pulumi.Output.all(args.backup_key_arn, args.artefact_key_arn).apply(built)


def _wants_policy(groups: Sequence[str]) -> bool:
    nothing = Facts(backup_bucket_arn="", backup_key_arn="", artefact_bucket_arn="", artefact_key_arn="")
    return any(statements(group, nothing) for group in groups)
