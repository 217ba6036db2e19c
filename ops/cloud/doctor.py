"""What the accounts behind a cloud stack must have before anything is made, what they have, how to get what is missing.

Looks only. Every look stands for itself: one that nobody may take is a finding of its own, and the others go on.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infra import fleet
from infra.cloud_settings import CloudSettings
from infra.cloudflare.permissions import GROUPS
from infra.cloudflare.plans import PLANS
from infra.fleet import Fleet
from ops import settings
from ops.cloud import backend, cloudflare, foundation, organization
from ops.cloud.aws import Aws, AwsRefused, ForeignAccount, NoCredentials, NoSdk
from ops.doctor import Examination, Finding
from ops.errors import BokaError, Refused
from ops.secrets import SecretsUnreadable
from ops.secrets.store import driver_of
from ops.stacks import Stack

_ZONES = 3


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A ceiling of the account that a stack may meet. `used` and `wanted` are counted in the ceiling's own unit."""

    name: str
    service: str
    code: str
    used: Callable[[Aws], int]
    wanted: Callable[[CloudSettings, Fleet], int]


class AccountsUnfit(Refused):
    """The accounts behind a cloud stack lack what raising it needs."""

    def __init__(self, stack: Stack, unmet: Sequence[Finding]) -> None:
        told = "\n".join(f"  {one.need}: {one.seen}. {one.cure}" for one in unmet)
        super().__init__(f"{stack.name} cannot be raised as described. Nothing was changed.\n{told}")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A permission that the token needs, and the question that only a token with it gets answered."""

    name: str
    path: str


def _gateways(chosen: CloudSettings) -> int:
    return {"nat-per-zone": _ZONES, "nat-single": 1, "endpoints": 0}[chosen.egress]


def _cpus(chosen: CloudSettings, wanted: Fleet) -> int:
    return sum(int(fleet.INSTANCE_SIZES[chosen.instance_type(host.groups[0])].cpus) for host in wanted.hosts)


def _used_cpus(aws: Aws) -> int:
    running = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    found = aws.ask("ec2", "describe_instances", Filters=running, MaxResults=1000)["Reservations"]
    options = [one.get("CpuOptions", {}) for reservation in found for one in reservation["Instances"]]
    return sum(option.get("CoreCount", 1) * option.get("ThreadsPerCore", 2) for option in options)


# Codes: https://docs.aws.amazon.com/general/latest/gr/ (EC2 and VPC quotas). The second one is 5 in a new account.
QUOTAS = (
    Quota(
        name="vCPUs of standard instances",
        service="ec2",
        code="L-1216C47A",
        used=_used_cpus,
        wanted=_cpus,
    ),
    Quota(
        name="elastic addresses",
        service="ec2",
        code="L-0263D0A3",
        used=lambda aws: len(aws.ask("ec2", "describe_addresses")["Addresses"]),
        wanted=lambda chosen, _: _gateways(chosen) + _ZONES + 1,  # load balancer in each zone, and the bastion
    ),
    Quota(
        name="VPCs",
        service="vpc",
        code="L-F678F1CE",
        used=lambda aws: len(aws.ask("ec2", "describe_vpcs")["Vpcs"]),
        wanted=lambda _, __: 1,
    ),
)


def scopes(chosen: CloudSettings) -> tuple[Scope, ...]:
    """What the token must be allowed. That it may write too is seen at the first write only: nothing is tried here."""
    plan = PLANS[chosen.cloudflare_plan]
    zone, account = f"/zones/{chosen.cloudflare_zone_id}", f"/accounts/{chosen.cloudflare_account_id}"
    return (
        Scope(name="DNS", path=f"{zone}/dns_records?per_page=1"),
        Scope(name="Zone Settings", path=f"{zone}/settings/ssl"),
        Scope(name="SSL and Certificates", path=f"{zone}/origin_tls_client_auth"),
        Scope(
            name="Zone WAF, HTTP DDoS Managed Ruleset, Cache Rules, Dynamic Redirect, Transform Rules",
            path=f"{zone}/rulesets",
        ),
        Scope(name="Bot Management", path=f"{zone}/bot_management"),
        *([Scope(name="Health Checks", path=f"{zone}/healthchecks")] if plan.has_health_checks else []),
        Scope(name="Workers Routes", path=f"{zone}/workers/routes"),
        Scope(name="Workers Scripts", path=f"{account}/workers/scripts"),
        Scope(name="Workers R2 Storage", path=f"{account}/r2/buckets"),
        Scope(name="Cloudflare Pages", path=f"{account}/pages/projects"),
        Scope(name="Notifications", path=f"{account}/alerting/v3/policies"),
        Scope(name="Account API Tokens", path=f"{account}/tokens?per_page=5"),
    )


def examine(stack: Stack) -> Examination:
    """Look at both accounts.

    Raises:
        SettingsError: the settings file itself is wrong, so there is nothing to look for.
        HostUnreachable: AWS or Cloudflare did not answer.
    """
    chosen = settings.cloud(stack)
    wanted = fleet.describe_cloud(chosen)
    findings = [*_of_aws(stack, chosen, wanted), *_of_cloudflare(chosen)]
    return Examination(
        findings=findings, fit=f"Both accounts can take stack {stack.name}", then=f"boka up -s {stack.name}"
    )


def refuse_unfit(stack: Stack) -> None:
    """Look for what would stop a raise halfway: who is logged in, zones, images, the token, its zone and scopes.

    Quotas are left to boka doctor: a stack that stands has its own share among what is in use.

    Raises:
        AccountsUnfit: something is missing. Nothing was changed.
        SettingsError, HostUnreachable: as `examine`.
    """
    chosen = settings.cloud(stack)
    fleet.describe_cloud(chosen)  # refuses a host or size that does not exist
    unmet = [one for one in (*_needed_of_aws(stack, chosen), *_needed_of_cloudflare(chosen)) if not one.good]
    if unmet:
        raise AccountsUnfit(stack, unmet)


def _of_aws(stack: Stack, chosen: CloudSettings, wanted: Fleet) -> Iterator[Finding]:
    needed = list(_needed_of_aws(stack, chosen))
    yield from needed
    if not needed[0].good:
        return
    aws = Aws(chosen.region)
    looks: list[Callable[[], Finding]] = [
        *(lambda quota=quota: _quota(aws, quota, chosen, wanted) for quota in QUOTAS),
        lambda: _state(stack, chosen, aws),
        lambda: _secrets(stack),
        lambda: organization.budget(aws),
        *([lambda: organization.copies(aws, chosen)] if chosen.backup_account_id else []),
    ]
    for look in looks:
        yield _taken(look)


def _needed_of_aws(stack: Stack, chosen: CloudSettings) -> Iterator[Finding]:
    need = f"credentials of AWS account {chosen.account_id}"
    try:
        aws = Aws(chosen.region)
        who = aws.refuse_foreign(chosen.account_id, stack.settings.name)
    except (NoSdk, NoCredentials, ForeignAccount, AwsRefused) as err:
        yield Finding(need=need, seen="none that serve", cure=str(err))
        return
    yield Finding(need=need, seen=who)
    yield _taken(lambda: _zones(aws, chosen))
    yield _taken(lambda: _images(aws, chosen))


def _taken(look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except AwsRefused as err:
        return Finding(need="permission to look", seen="refused", cure=f"{err}. Allow it, or look yourself.")


def _zones(aws: Aws, chosen: CloudSettings) -> Finding:
    found = aws.ask("ec2", "describe_availability_zones")["AvailabilityZones"]
    open_ = sorted(zone["ZoneName"] for zone in found if zone["State"] == "available")
    lacking = sorted(set(chosen.zones) - set(open_))
    cure = f"Set boka:zones to three of {', '.join(open_)}." if lacking else ""
    seen = f"not open to this account: {', '.join(lacking)}" if lacking else "open"
    return Finding(need=f"zones {', '.join(chosen.zones)}", seen=seen, cure=cure)


def _images(aws: Aws, chosen: CloudSettings) -> Finding:
    ids = sorted({chosen.images[chosen.region], *chosen.host_images.values()})
    absent = frozenset({"InvalidAMIID.NotFound", "InvalidAMIID.Malformed", "InvalidAMIID.Unavailable"})
    found = aws.ask("ec2", "describe_images", ImageIds=ids, absent=absent)
    images: list[dict[str, str]] = found["Images"] if found else []
    names = [image.get("Name", image["ImageId"]) for image in images]
    cure = (
        f"Set boka:images to an image that exists. Debian's own: aws ec2 describe-images --owners 136693071363 "
        f"--region {chosen.region} --filters Name=name,Values=debian-13-amd64-*"
    )
    fine = len(names) == len(ids)
    return Finding(
        need=f"image {', '.join(ids)} in {chosen.region}",
        seen=", ".join(names) if fine else "not there, or not shared with this account",
        cure="" if fine else cure,
    )


def _quota(aws: Aws, quota: Quota, chosen: CloudSettings, wanted: Fleet) -> Finding:
    used, more = quota.used(aws), quota.wanted(chosen, wanted)
    need = f"{quota.name}: {more} for a new stack"
    absent = frozenset({"NoSuchResourceException"})
    found = aws.ask(
        "service-quotas", "get_service_quota", ServiceCode=quota.service, QuotaCode=quota.code, absent=absent
    )
    if found is None:
        return Finding(need=need, seen=f"{used} in use; AWS names no ceiling")
    ceiling = int(found["Quota"]["Value"])
    # A stack that stands already has its share among what is in use; then nothing more is needed.
    cure = (
        f"If {chosen.environment} does not stand yet: aws service-quotas request-service-quota-increase --service-code "
        f"{quota.service} --quota-code {quota.code} --desired-value {used + more} --region {chosen.region}"
    )
    return Finding(need=need, seen=f"{used} of {ceiling} in use", cure="" if used + more <= ceiling else cure)


def _state(stack: Stack, chosen: CloudSettings, aws: Aws) -> Finding:
    place = foundation.Place(stack=stack, backend=backend.of(chosen), aws=aws)
    need = f"a place for the state, {place.backend.url}"
    try:
        missing = [one.what(place.backend) for one in foundation.unmet(place)]
    except AwsRefused:
        raise
    except BokaError as err:
        return Finding(need=need, seen="not usable", cure=str(err))
    seen = f"missing: {'; '.join(missing)}" if missing else "there, versioned, encrypted, shut"
    return Finding(need=need, seen=seen, cure=f"boka init {stack.name}" if missing else "")


def _secrets(stack: Stack) -> Finding:
    driver = driver_of(stack)
    need = f"secrets, kept in {driver.where}"
    try:
        driver.refuse_unready()
    except SecretsUnreadable as err:
        return Finding(need=need, seen="cannot be made or read", cure=str(err))
    return Finding(need=need, seen="can be made and read")


def _of_cloudflare(chosen: CloudSettings) -> Iterator[Finding]:
    needed = list(_needed_of_cloudflare(chosen))
    yield from needed
    if len(needed) > 1:  # without a token there is no more to ask
        yield _groups(chosen)


def _needed_of_cloudflare(chosen: CloudSettings) -> Iterator[Finding]:
    need = "an active Cloudflare token"
    if not os.environ.get(cloudflare.TOKEN):
        cure = f"Make one for the zone and the account, then: export {cloudflare.TOKEN}=..."
        yield Finding(need=need, seen=f"{cloudflare.TOKEN} is not set", cure=cure)
        return
    if not _is_active(chosen):
        cure = f"Make another one in the dashboard, then: export {cloudflare.TOKEN}=..."
        yield Finding(need=need, seen="Cloudflare does not know it, or it is over", cure=cure)
        return
    yield Finding(need=need, seen="active")
    yield _zone(chosen)
    yield _plan(chosen)
    for scope in scopes(chosen):
        answer = cloudflare.ask(scope.path)
        cure = "" if answer.good else f"Give the token the permission {scope.name}: Edit."
        seen = "may look" if answer.good else f"HTTP {answer.status}, {answer.why}"
        yield Finding(need=f"token scope {scope.name}", seen=seen, cure=cure)


def _plan(chosen: CloudSettings) -> Finding:
    """Whether the zone's plan has what the settings count on: Cloudflare refuses the rest in the middle of an up."""
    need = f"a zone of plan {chosen.cloudflare_plan}"
    zone: dict[str, Any] = cloudflare.ask(f"/zones/{chosen.cloudflare_zone_id}").result or {}
    plan: dict[str, Any] = zone.get("plan") or {}
    known = [str(name) for name in PLANS]  # the smallest first
    seen = str(plan.get("legacy_id"))
    if seen not in known:
        return Finding(need=need, seen="Cloudflare tells of no plan that is known")
    lacks = known.index(seen) < known.index(chosen.cloudflare_plan)
    cure = f"Set boka:cloudflare_plan to {seen}, or move the zone to {chosen.cloudflare_plan}." if lacks else ""
    return Finding(need=need, seen=f"it is of plan {seen}", cure=cure)


def _groups(chosen: CloudSettings) -> Finding:
    """Whether the ids that our tokens are made with mean in the account what we take them for."""
    need = "permission groups of the platform's own tokens"
    answer = cloudflare.every(f"/accounts/{chosen.cloudflare_account_id}/tokens/permission_groups")
    if not answer.good:
        cure = "Give the token the permission Account API Tokens: Edit."
        return Finding(need=need, seen=f"HTTP {answer.status}, {answer.why}", cure=cure)
    listed = {str(group["id"]): str(group["name"]) for group in answer.result}
    wrong = [
        f"{id_} is {listed.get(id_, 'unknown')}, not {name}" for name, id_ in GROUPS.items() if listed.get(id_) != name
    ]
    cure = "Correct the ids in infra/cloudflare/permissions.py." if wrong else ""
    return Finding(need=need, seen="; ".join(wrong) or f"all {len(GROUPS)} as listed", cure=cure)


def _is_active(chosen: CloudSettings) -> bool:
    # A token belongs to a person or to the account, and only its own kind knows it.
    asked = ("/user/tokens/verify", f"/accounts/{chosen.cloudflare_account_id}/tokens/verify")
    answers = (cloudflare.ask(path) for path in asked)
    return any(answer.good and answer.result.get("status") == "active" for answer in answers)


def _zone(chosen: CloudSettings) -> Finding:
    need = f"zone {chosen.cloudflare_zone_id} of {chosen.domain}"
    answer = cloudflare.ask(f"/zones/{chosen.cloudflare_zone_id}")
    if not answer.good:
        cure = "Set boka:cloudflare_zone_id to the zone's id, and give the token Zone: Read on it."
        return Finding(need=need, seen=f"HTTP {answer.status}, {answer.why}", cure=cure)
    name, account = str(answer.result["name"]), str(answer.result["account"]["id"])
    if chosen.domain != name and not chosen.domain.endswith(f".{name}"):
        return Finding(need=need, seen=f"it is {name}", cure="Set boka:cloudflare_zone_id to the zone of boka:domain.")
    if account != chosen.cloudflare_account_id:
        return Finding(need=need, seen=f"in account {account}", cure=f"Set boka:cloudflare_account_id to {account}.")
    status = str(answer.result["status"])
    cure = "" if status == "active" else f"Point {name}'s registrar to Cloudflare's name servers."
    return Finding(need=need, seen=f"{name}, {status}", cure=cure)
