"""Switches of the whole account: once an account, by the environment that owns it."""

import pulumi
import pulumi_aws as aws

from infra.aws.component import Component, Context


class Account(Component):
    """New volumes are encrypted, snapshots and buckets are never public, whoever makes them."""

    def __init__(self, name: str, *, key_arn: pulumi.Input[str], context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Account", name, context, parent)
        aws.ebs.EncryptionByDefault("volumes", enabled=True, opts=self.child(aws.ebs.EncryptionByDefault, "volumes"))
        aws.ebs.DefaultKmsKey("volumes", key_arn=key_arn, opts=self.child(aws.ebs.DefaultKmsKey, "volumes"))
        aws.ebs.SnapshotBlockPublicAccess(
            "snapshots", state="block-all-sharing", opts=self.child(aws.ebs.SnapshotBlockPublicAccess, "snapshots")
        )
        aws.s3.AccountPublicAccessBlock(
            "buckets",
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child(aws.s3.AccountPublicAccessBlock, "buckets"),
        )
        self.register_outputs({})
