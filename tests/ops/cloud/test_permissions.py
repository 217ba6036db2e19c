"""The guide lists every permission that `boka` itself needs at AWS: what it asks by boto3, whoever raises a stack."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

REPOSITORY = Path(__file__).parents[3]
GUIDE = (REPOSITORY / "docs" / "howto" / "raise-in-the-cloud.md").read_text()
# S3 names some permissions otherwise than the operations that they allow. Source: Service Authorization Reference.
NAMED = {
    "get_bucket_encryption": "s3:GetEncryptionConfiguration",
    "get_bucket_lifecycle_configuration": "s3:GetLifecycleConfiguration",
    "get_public_access_block": "s3:GetBucketPublicAccessBlock",
    "head_bucket": "s3:ListBucket",
    "list_objects_v2": "s3:ListBucket",
    "put_bucket_encryption": "s3:PutEncryptionConfiguration",
    "put_bucket_lifecycle_configuration": "s3:PutLifecycleConfiguration",
    "put_public_access_block": "s3:PutBucketPublicAccessBlock",
}
# R2's buckets are opened by Cloudflare's tokens.
NOT_OF_AWS = {"r2.py"}


def trees():
    files = [path for path in (REPOSITORY / "ops").rglob("*.py") if path.name not in NOT_OF_AWS]
    return [ast.parse(path.read_text()) for path in files]


def services():
    """What `Aws.ask` is asked of: always a word, as its first argument."""
    calls = [node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    asked = [call.args[0] for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "ask"]
    words = {word.value for word in asked if isinstance(word, ast.Constant)}
    return sorted(words & set(botocore.session.get_session().get_available_services()))


def operations():
    """Every operation of those services, by its name in Python."""
    session = botocore.session.get_session()
    found = {}
    for service in services():
        for name in session.get_service_model(service).operation_names:
            found.setdefault(xform_name(name), f"{service.replace('-', '')}:{name}")
    return found | NAMED


def asked():
    """The permissions for what the sources name, by the operation."""
    # Of one word are verbs of ours too.
    words = {node.value for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    words = {word for word in words if "_" in str(word)}
    return {name: action for name, action in operations().items() if name in words}


def listed():
    """The patterns of the guide: `kms:CreateKey`, `CreateAlias` is two of kms."""
    found = []
    for line in GUIDE.splitlines():
        service = ""
        for word in re.findall(r"`([\w:*-]+)`", line) if line.startswith("| ") else []:
            service, action = word.split(":") if ":" in word else (service, word)
            found.append(f"{service}:{action}")
    return found


ASKED = asked()


def test_the_sources_ask_for_something_of_every_service():
    found = {action.split(":")[0] for action in ASKED.values()}

    assert found == {service.replace("-", "") for service in services()} > {"kms", "s3", "secretsmanager", "sts"}


@pytest.mark.parametrize("operation", sorted(ASKED))
def test_the_guide_lists_the_permission(operation):
    assert [pattern for pattern in listed() if fnmatch(ASKED[operation], pattern)] != []
