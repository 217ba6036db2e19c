"""What of a stack is still there: at AWS by its tags, and by name what has none; at Cloudflare by name and comment."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from infra.cloud_settings import CloudSettings
from ops.cloud import cloudflare
from ops.cloud.aws import Aws

INIT = "boka init"  # who made the place of the state, as its tag says: that stays for the next run
_PAGE = 50  # the most that the list of tokens takes
_GLOBAL = "us-east-1"  # where AWS lists what has no region
_GONE = {"terminated", "shutting-down", "deleted", "deleting", "PendingDeletion", "PendingReplicaDeletion"}
_MISSING = frozenset({"InvalidInstanceID.NotFound", "NatGatewayNotFound", "NotFoundException"})


def of_aws(chosen: CloudSettings) -> list[str]:
    """Return ARNs of what has the stack's tags, or its name, and is not on its way out; the state's place left out."""
    regions = dict.fromkeys((chosen.region, chosen.backup_region, _GLOBAL))
    tagged = [arn for region in regions for arn in _tagged(Aws(region), chosen)]
    return sorted({*tagged, *_roles(Aws(chosen.region), chosen)})


def of_cloudflare(chosen: CloudSettings) -> list[str]:
    """Return what has the stack's name: buckets, scripts, projects, tokens, and records by their comment.

    Settings of a zone cannot be deleted: they stay as the stack set them.
    """
    account, prefix = f"/accounts/{chosen.cloudflare_account_id}", f"boka-{chosen.environment}-"
    buckets: Any = _asked(f"{account}/r2/buckets?name_contains={prefix}")
    listed = {
        "R2 bucket": [one["name"] for one in buckets["buckets"]],
        "Worker": [one["id"] for one in _asked(f"{account}/workers/scripts")],
        "API token": [one["name"] for one in _all(f"{account}/tokens")],
    }
    found = [f"{kind} {name}" for kind, names in listed.items() for name in names if name.startswith(prefix)]
    project = cloudflare.ask(f"{account}/pages/projects/{prefix}front")
    ours = [
        one["name"] for one in records_of(chosen) if str(one.get("comment")).startswith(f"boka {chosen.environment}:")
    ]
    return [*found, *([f"Pages project {prefix}front"] if project.good else []), *(f"record {name}" for name in ours)]


def records_of(chosen: CloudSettings) -> list[dict[str, Any]]:
    """Return the zone's records."""
    return list(_all(f"/zones/{chosen.cloudflare_zone_id}/dns_records"))


def _tagged(aws: Aws, chosen: CloudSettings) -> Iterator[str]:
    wanted = [
        {"Key": "Project", "Values": ["boka"]},
        {"Key": "Environment", "Values": [chosen.environment]},
    ]
    for page in _pages(aws, "resourcegroupstaggingapi", "get_resources", "PaginationToken", TagFilters=wanted):
        for one in page["ResourceTagMappingList"]:
            tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
            arn = str(one["ResourceARN"])
            if tags.get("ManagedBy") != INIT and not _is_going(aws, arn):
                yield arn


def _is_going(aws: Aws, arn: str) -> bool:
    """Whether AWS lists it only because it still remembers it: for an hour, or while a key waits to be deleted."""
    kind, _, name = arn.split(":", 5)[5].partition("/")
    looks: dict[str, Callable[[], str]] = {
        "instance": lambda: _state(
            aws, "ec2", "describe_instances", "Reservations.0.Instances.0.State.Name", InstanceIds=[name]
        ),
        "natgateway": lambda: _state(aws, "ec2", "describe_nat_gateways", "NatGateways.0.State", NatGatewayIds=[name]),
        "key": lambda: _state(aws, "kms", "describe_key", "KeyMetadata.KeyState", KeyId=name),
    }
    return kind in looks and looks[kind]() in _GONE


def _state(aws: Aws, service: str, operation: str, path: str, **arguments: Any) -> str:
    found = aws.ask(service, operation, absent=_MISSING, **arguments)
    if found is None:
        return "deleted"
    for part in path.split("."):
        found = found[int(part)] if part.isdecimal() else found[part]
    return str(found)


def _roles(aws: Aws, chosen: CloudSettings) -> Iterator[str]:
    for page in _pages(aws, "iam", "list_roles", "Marker"):
        for one in page["Roles"]:
            if one["RoleName"].startswith(f"boka-{chosen.environment}-"):
                yield str(one["Arn"])


def _pages(aws: Aws, service: str, operation: str, token: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    page = aws.ask(service, operation, **arguments)
    yield page
    while page.get(token):
        page = aws.ask(service, operation, **arguments, **{token: page[token]})
        yield page


def _all(path: str) -> Iterator[dict[str, Any]]:
    for page in count(1):
        found: list[dict[str, Any]] = _asked(f"{path}?per_page={_PAGE}&page={page}")
        yield from found
        if len(found) < _PAGE:
            return


def _asked(path: str) -> Any:
    answer = cloudflare.ask(path)
    if not answer.good:
        raise LookupError(f"Cloudflare does not let us look at {path}: HTTP {answer.status}, {answer.why}")
    return answer.result
