"""For each rule by its id an example: those over every resource here, the others by their provider."""

from dataclasses import replace

import examples_aws
import examples_cloudflare
import examples_local
from examples_aws import BUCKET, VOLUME, VPC
from examples_local import LOCAL
from policy_case import Example, made, simple

from infra.naming import TAG_KEYS

EXAMPLES: dict[str, Example] = {
    "provider-is-explicit": Example(
        good=made(VPC), bad_options={"provider": "default_7_51_1"}, unknown_options={"provider": None}
    ),
    "parent-is-a-component": Example(
        good=made(VPC),
        bad_options={"parent": "urn:pulumi:production::boka::pulumi:pulumi:Stack::boka-production"},
        unknown_options={"parent": None},
    ),
    "data-is-protected": Example(good=made(VOLUME), bad_options={"protect": False}, unknown_options={"protect": None}),
    "data-is-retained": Example(good=made(VOLUME), bad_options={"retain": False}, unknown_options={"retain": None}),
    "tags-are-complete": simple(VPC, "tags.Owner", "platform", None, tags=dict.fromkeys(TAG_KEYS, "x")),
    "class-is-current": Example(
        good=made(BUCKET), bad_options={"type": "aws:s3/bucketV2:BucketV2"}, certain="a class is always known"
    ),
    "secrets-are-secret": Example(
        good=replace(made("aws:ssm/parameter:Parameter", password="x"), secrets=frozenset({"password"})),
        bad_options={"secrets": frozenset()},
        unknown_options={"secrets": None},
    ),
    "local-inputs-hold-no-secret": simple(f"{LOCAL}SshKey", "note", "none", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    "provider-knows-its-account": simple("pulumi:providers:aws", "allowedAccountIds", '["111122223333"]', "[]"),
    "provider-tags-what-forgot": simple("pulumi:providers:aws", "defaultTags", '{"tags": {"Owner": "x"}}', None),
    **examples_aws.EXAMPLES,
    **examples_cloudflare.EXAMPLES,
    **examples_local.EXAMPLES,
}
