"""What the operator of a cloud stack may decide: the typed, frozen settings of staging and production.

Pure: values come in as a mapping (from `Pulumi.staging.yaml` or `Pulumi.production.yaml`), nothing is looked up. Both
layers of an environment, `<environment>-base` and `<environment>`, read the same file.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from infra.settings import APP_HOSTS, Explained, Profile, SettingsError, explained, validated

CloudEnvironment = Literal["staging", "production"]
Layer = Literal["base", "stack"]
Egress = Literal["nat-per-zone", "nat-single", "endpoints"]
CloudGroup = Literal["edge", "app", "db", "cache", "ops"]
CloudflarePlan = Literal["free", "pro", "business", "enterprise"]

_BASE = "-base"
_ZONES = 3
# /16 to /20: sixteen subnets are cut out of it, and the last group's first address is the subnet's 61st.
_PREFIXES = range(16, 21)
_PRIVATE = [IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"^(?:{_LABEL}\.)+[a-z]{{2,63}}$"
_DEFAULT_INSTANCES: dict[Profile, dict[CloudGroup, str]] = {
    "full": {"edge": "t3.small", "app": "t3.medium", "db": "m6i.large", "cache": "t3.small", "ops": "t3.medium"},
    "small": {"edge": "t3.micro", "app": "t3.small", "db": "t3.medium", "ops": "t3.small"},
}


def _decoded(value: object) -> object:
    # Pulumi hands lists and maps of the settings file to the program as JSON text.
    return json.loads(value) if isinstance(value, str) and value[:1] in ("[", "{") else value


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value  # a Literal is not read from text


AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(?:-[a-z]+)+-[0-9]$")]
ImageId = Annotated[str, StringConstraints(pattern=r"^ami-[0-9a-f]{17}$")]
HexId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Label = Annotated[str, StringConstraints(pattern=rf"^{_LABEL}$")]
Mail = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Network = IPv4Network | IPv6Network
PublicKey = Annotated[
    str, StringConstraints(pattern=r"^(?:ssh-ed25519|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/=]{40,}(?: .*)?$")
]
InstanceType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]+\.[a-z0-9-]+$")]
Labels = Annotated[tuple[Label, ...], BeforeValidator(_decoded)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_decoded)]


class CloudSettings(BaseModel):
    """The settings of one cloud environment, seen from one of its layers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: CloudEnvironment = Field(description="Which environment; from the stack's name.")
    layer: Layer = Field(description="Which layer of it; from the stack's name.")

    # Where
    account_id: AccountId = Field(
        description="AWS account, 12 digits. The provider refuses credentials of another one."
    )
    region: Region = Field(description="AWS region, for example eu-central-1. Changing it makes a new stack.")
    zones: Annotated[tuple[str, ...], BeforeValidator(_decoded)] = Field(
        description="Three availability zones of the region, in order. Changing one replaces its subnets and hosts."
    )
    owns_account: bool = Field(
        default=True,
        description="Whether this environment sets the account-wide switches (EBS encryption by default, no public "
        "snapshots, no public buckets). True for one environment an account.",
    )

    # Network
    network: IPv4Network = Field(
        description="Private IPv4 network, /16 to /20, of the whole VPC. Changing it replaces everything."
    )
    other_networks: Networks = Field(
        default=(), description="Networks that must stay reachable beside it: VPNs, peers, the other environments."
    )
    egress: Egress = Field(
        default="nat-per-zone",
        description="Way out of private hosts. nat-per-zone: survives a zone (3 NAT gateways); nat-single: cheapest; "
        "endpoints: AWS services only, no internet (payments, mail and Debian's archive are then out of reach).",
    )
    operator_networks: Networks = Field(
        description="Networks from which operators reach the bastion by SSH, at least one."
    )
    operator_keys: Annotated[tuple[PublicKey, ...], BeforeValidator(_decoded)] = Field(
        description="Public Ed25519 SSH keys that open the ops account of every host at first boot, at least one."
    )

    # Sizes
    profile: Profile = Field(default="full", description="full: every group on hosts of its own; small: one of each.")
    images: Annotated[dict[Region, ImageId], BeforeValidator(_decoded)] = Field(
        description="Debian 13 image (amd64) by region, pinned: what new hosts are made of. Hosts that are there keep "
        "theirs until host_images names them."
    )
    host_images: Annotated[dict[str, ImageId], BeforeValidator(_decoded)] = Field(
        default_factory=dict,
        description="Image of single hosts by name, over the region's. A host that is there with another one is "
        "replaced: name one at a time.",
    )
    app_hosts: int = Field(
        default=0, description="Number of app hosts, 2-12; 0 takes the profile's own (full 3, small 2)."
    )
    instance_types: Annotated[dict[CloudGroup, InstanceType], BeforeValidator(_decoded)] = Field(
        default_factory=dict,
        description="EC2 instance type by group, over the profile's own. Changing one stops and starts its hosts.",
    )
    volume_gib: Annotated[dict[CloudGroup, int], BeforeValidator(_decoded)] = Field(
        default_factory=dict,
        description="Data volume size in GiB (8-16384) by group, over 64 for db and 128 for ops. Grows only.",
    )
    root_gib: int = Field(default=16, ge=8, le=1024, description="Root volume size in GiB (8-1024) of every host.")

    # Data safety
    backup_region: Region = Field(description="Second region that holds the replica of all backups.")
    backup_account_id: AccountId | None = Field(
        default=None, description="Second account for that replica, 12 digits; left out, the same account."
    )
    backup_role: str = Field(
        default="", description="Role in the second account that makes its bucket, arn:aws:iam::<account>:role/<name>."
    )
    backup_keep_days: int = Field(
        default=30, ge=1, le=365, description="Days (1-365) that no daily backup can be deleted."
    )
    backup_weekly_keep_days: int = Field(
        default=84, ge=7, le=730, description="Days (7-730) that weekly backups are kept."
    )
    backup_monthly_keep_days: int = Field(
        default=365, ge=31, le=3650, description="Days (31-3650) that monthly backups are kept."
    )
    throwaway: bool = Field(
        default=False, description="No protection, no object lock, no recovery days: for live tests. Staging only."
    )

    secrets_in: Literal["repository", "secrets-manager"] = Field(
        default="repository",
        description="Where the platform's secrets lie. repository: age files under secrets/<stack>/, to be committed; "
        "secrets-manager: entries of the stack's account. A change moves them with the next boka up.",
    )

    # Watch
    alert_email: Mail = Field(description="Who hears of alarms and of the budget.")
    budget_usd: int = Field(
        ge=10, le=1_000_000, description="Monthly budget in US dollars (10-1000000); mail at 80 % and 100 %."
    )
    log_keep_days: Annotated[Literal[30, 60, 90, 180, 365, 731], BeforeValidator(_number)] = Field(
        default=365, description="Days that audit and flow logs are kept."
    )
    owner: Label = Field(description="Team that answers for the stack; a tag on every resource.")
    cost_centre: Label = Field(default="platform", description="Where the cost is booked; a tag on every resource.")

    # Names and the CDN
    domain: Annotated[str, StringConstraints(pattern=_DOMAIN)] = Field(
        description="The platform's public domain, lower case."
    )
    dashboard_name: Label = Field(default="dashboard", description="Label of the staff's site under the domain.")
    marketing_name: Label = Field(default="marketing", description="Label of the marketing site under the domain.")
    docs_name: Label = Field(
        default="docs", description="Label under the domain that leads to what the API says of itself."
    )
    tenants: Labels = Field(default=(), description="Labels of tenants with a name of their own under the domain.")
    assets_name: Label = Field(default="assets", description="Label of the assets bucket's site under the domain.")
    cdn: bool = Field(
        default=True,
        description="Whether users come through Cloudflare: names are proxied and only its networks reach ports 80 and "
        "443. Off, names point to the load balancer and everybody reaches it: for an outage of Cloudflare's.",
    )
    live: bool = Field(
        default=True,
        description="Whether the zone is this stack's: its names, rules and settings. False while something else still "
        "answers there: all else is raised, the zone stays as it is. Then true for good, boka adopt, boka up.",
    )
    pages: bool = Field(
        default=False,
        description="Whether Cloudflare Pages answers the marketing name, with what is published there. Else hosts do.",
    )
    cloudflare_plan: CloudflarePlan = Field(
        default="pro", description="The zone's plan. free has no managed WAF rules, no health check and one rate limit."
    )
    r2_jurisdiction: Literal["default", "eu"] = Field(
        default="default", description="Where R2 may keep objects. Changing it replaces the buckets."
    )
    tokens_end_on: date = Field(
        description="Day on which Cloudflare's tokens of the platform end. Move it on before; their values stay."
    )
    cloudflare_account_id: HexId = Field(description="Cloudflare account, 32 hex digits.")
    cloudflare_zone_id: HexId = Field(
        description="Cloudflare zone of the domain, 32 hex digits; one an environment, whose rules are all ours."
    )

    @property
    def app_host_count(self) -> int:
        """How many app hosts the stack has once the profile's default is applied."""
        return self.app_hosts or APP_HOSTS[self.profile]

    @property
    def backup_account(self) -> str:
        """The account that holds the replica."""
        return self.backup_account_id or self.account_id

    @property
    def stack(self) -> str:
        """The Pulumi stack of this layer."""
        return self.environment + (_BASE if self.layer == "base" else "")

    def image_of(self, host: str) -> str:
        """The pinned image of a host."""
        return self.host_images.get(host, self.images[self.region])

    def instance_type(self, group: str) -> str:
        """EC2 instance type of a group."""
        wanted: dict[str, str] = {**_DEFAULT_INSTANCES[self.profile], **self.instance_types}
        return wanted[group]

    @field_validator("app_hosts")
    @classmethod
    def _app_hosts_in_bounds(cls, count: int) -> int:
        if count != 0 and not 2 <= count <= 12:  # noqa: PLR2004 - the bounds are the message
            raise ValueError("must be 2 to 12, so that one host can be lost. Leave it out for the profile's own number")
        return count

    @field_validator("network")
    @classmethod
    def _network_is_private(cls, network: IPv4Network) -> IPv4Network:
        if network.prefixlen not in _PREFIXES or not any(network.subnet_of(one) for one in _PRIVATE):
            raise ValueError("must be a /16 to /20 of a private network. Use for example 10.20.0.0/16")
        return network

    @field_validator("operator_networks")
    @classmethod
    def _operators_are_somewhere(cls, networks: tuple[Network, ...]) -> tuple[Network, ...]:
        if not networks or any(network.prefixlen == 0 for network in networks):
            raise ValueError(
                "must name at least one network, and never the whole internet. Use your office's or VPN's address/32"
            )
        return networks

    @field_validator("operator_keys")
    @classmethod
    def _somebody_has_a_key(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not keys:
            raise ValueError("must hold at least one key, or nobody opens the hosts. Make one: ssh-keygen -t ed25519")
        return keys

    @field_validator("volume_gib")
    @classmethod
    def _volumes_in_bounds(cls, sizes: dict[CloudGroup, int]) -> dict[CloudGroup, int]:
        if any(not 8 <= size <= 16384 for size in sizes.values()):  # noqa: PLR2004 - the bounds are the message
            raise ValueError('must be 8 to 16384 GiB a group, what a gp3 volume may have. Use for example {"db": 64}')
        return sizes

    @model_validator(mode="after")
    def _zones_are_three_of_the_region(self) -> "CloudSettings":
        foreign = [zone for zone in self.zones if not re.fullmatch(rf"{self.region}[a-z]", zone)]
        if len(set(self.zones)) != _ZONES or len(self.zones) != _ZONES or foreign:
            raise ValueError(
                f"zones is {list(self.zones)}; it must be three different zones of {self.region}. List them: "
                f"aws ec2 describe-availability-zones --region {self.region}"
            )
        if self.region not in self.images:
            raise ValueError(
                f"images has no image for region {self.region}, only for {sorted(self.images)}. Pin one there"
            )
        return self

    @model_validator(mode="after")
    def _networks_are_apart(self) -> "CloudSettings":
        for other in (*self.other_networks, *self.operator_networks):
            if isinstance(other, IPv4Network) and other.overlaps(self.network):
                raise ValueError(
                    f"network is {self.network}; it overlaps {other}, which must stay reachable. Choose another"
                )
        return self

    @model_validator(mode="after")
    def _backups_are_elsewhere(self) -> "CloudSettings":
        if self.backup_region == self.region:
            raise ValueError(f"backup_region is {self.backup_region}, the stack's own region; it must be another one")
        if self.backup_account_id == self.account_id:
            raise ValueError(
                f"backup_account_id is {self.account_id}, the stack's own account. Leave it out, or name a second one"
            )
        role = rf"arn:aws:iam::{self.backup_account_id}:role/[\w+=,.@/-]+"
        if self.backup_account_id and not re.fullmatch(role, self.backup_role):
            raise ValueError(
                f"backup_role is {self.backup_role!r}; backup_account_id {self.backup_account_id} needs a role of that "
                f"account. Use for example arn:aws:iam::{self.backup_account_id}:role/boka-backup"
            )
        if not self.backup_keep_days <= self.backup_weekly_keep_days <= self.backup_monthly_keep_days:
            raise ValueError(
                f"backups are kept {self.backup_keep_days} (daily), {self.backup_weekly_keep_days} (weekly) and "
                f"{self.backup_monthly_keep_days} (monthly) days; each tier must be kept as long as the one before"
            )
        return self

    @model_validator(mode="after")
    def _production_keeps_its_data(self) -> "CloudSettings":
        if self.throwaway and self.environment == "production":
            raise ValueError("throwaway is true; production's data must be protected. Use staging for live tests")
        names = (*self.tenants, self.dashboard_name, self.marketing_name, self.docs_name, self.assets_name, "www")
        if len(set(names)) != len(names):
            raise ValueError(f"names under {self.domain} are {list(names)}; each must be there once. Rename a tenant")
        return self


def is_cloud(stack: str) -> bool:
    """Whether a Pulumi stack is a layer of a cloud environment."""
    return stack.removesuffix(_BASE) in ("staging", "production")


def load(stack: str, values: Mapping[str, object]) -> CloudSettings:
    """Return the settings of one layer, or refuse.

    Raises:
        SettingsError: names the file, the key, the value seen, what is allowed and the next step.
    """
    environment = stack.removesuffix(_BASE)
    if not is_cloud(stack):
        raise SettingsError(f"stack is {stack!r}; cloud stacks are staging, production and each of them with -base.")
    layer: Layer = "base" if stack.endswith(_BASE) else "stack"
    return validated(CloudSettings, f"Pulumi.{environment}.yaml", values, environment=environment, layer=layer)


def explain() -> list[Explained]:
    """Every setting of a cloud stack, in the order of the model."""
    return explained(CloudSettings, {"environment", "layer"})
