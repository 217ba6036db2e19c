"""What resources of the cloud stacks are called, tagged and guarded by: one table each. Pure, free of any provider."""

from infra.cloud_settings import CloudSettings

# Type tokens of our components. They are in the state of every stack: a change needs an alias below.
TOKENS: dict[str, str] = {
    "Layer": "boka:aws:Layer",
    "Network": "boka:aws:Network",
    "Firewall": "boka:aws:Firewall",
    "Keys": "boka:aws:Keys",
    "Hosts": "boka:aws:Hosts",
    "Balancer": "boka:aws:Balancer",
    "Bucket": "boka:aws:Bucket",
    "Backups": "boka:aws:Backups",
    "Secrets": "boka:aws:Secrets",
    "Roles": "boka:aws:Roles",
    "Audit": "boka:aws:Audit",
    "Alarms": "boka:aws:Alarms",
    "HostAlarms": "boka:aws:HostAlarms",
    "Account": "boka:aws:Account",
    "Vault": "boka:aws:Vault",
    "Zone": "boka:cloudflare:Zone",
    "Bots": "boka:cloudflare:Bots",
    "OriginPull": "boka:cloudflare:OriginPull",
    "Storage": "boka:cloudflare:Storage",
    "Tokens": "boka:cloudflare:Tokens",
    "Rules": "boka:cloudflare:Rules",
    "Maintenance": "boka:cloudflare:Maintenance",
    "Records": "boka:cloudflare:Records",
    "Front": "boka:cloudflare:Front",
    "Health": "boka:cloudflare:Health",
}

# What cannot be made again from code, and why. Protected (no delete in an update) and retained (a lost protection
# still deletes nothing), unless the stack is a throwaway.
STATEFUL: dict[str, str] = {
    "aws:backup/vault:Vault": "holds the volumes' recovery points",
    "aws:ebs/volume:Volume": "holds databases and backups",
    "aws:ec2/eip:Eip": "names outside point to it",
    "aws:ec2/vpc:Vpc": "everything lies in it",
    "aws:ec2/subnet:Subnet": "literal addresses lie in it",
    "aws:kms/key:Key": "without it all that it encrypted is lost",
    "aws:s3/bucket:Bucket": "holds backups, artefacts or the audit trail",
    "aws:secretsmanager/secret:Secret": "holds what nobody remembers",
    "aws:cloudtrail/trail:Trail": "an attacker stops it first",
    "cloudflare:index/r2Bucket:R2Bucket": "holds the second copy of backups, or assets",
    "cloudflare:index/zoneDnssec:ZoneDnssec": "while the registrar names its key, nobody reaches the domain without it",
}

# Old names of a resource, by type and present name: a rename without its line here would destroy and make anew.
ALIASES: dict[tuple[str, str], tuple[str, ...]] = {}

# Every resource that can have tags has these; policies and the cost report go by them.
TAG_KEYS = ("Project", "Environment", "Layer", "Component", "Name", "Owner", "CostCentre", "ManagedBy")

_S3_NAME_MAX = 63


def tags(settings: CloudSettings, component: str, name: str) -> dict[str, str]:
    """Return the tags of one resource."""
    return {**common_tags(settings), "Component": component, "Name": name}


def common_tags(settings: CloudSettings) -> dict[str, str]:
    """Return the tags that the provider puts on whatever a component forgot."""
    return {
        "Project": "boka",
        "Environment": settings.environment,
        "Layer": settings.layer,
        "Owner": settings.owner,
        "CostCentre": settings.cost_centre,
        "ManagedBy": "pulumi",
    }


def physical(settings: CloudSettings, name: str) -> str:
    """Return the name in the provider of what is named once an account: `boka-<environment>-<name>`."""
    return f"boka-{settings.environment}-{name}"


def bucket(settings: CloudSettings, purpose: str, account_id: str) -> str:
    """Return a bucket's name. S3 names are worldwide, so the account is part of it."""
    found = f"{physical(settings, purpose)}-{account_id}"
    assert len(found) <= _S3_NAME_MAX, found  # noqa: S101 - purposes are words of ours
    return found


def secret(settings: CloudSettings, entry: str) -> str:
    """Return the name of an entry in Secrets Manager.

    No entry may end in a hyphen and six characters: Secrets Manager would take those for the end of an ARN.
    """
    return f"boka/{settings.environment}/{entry}"


def role_arn(settings: CloudSettings, name: str) -> str:
    """Return the ARN of a role of the stack's own account, known before the role exists."""
    return f"arn:aws:iam::{settings.account_id}:role/{physical(settings, name)}"
