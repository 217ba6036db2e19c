"""The one description of the fleet, free of any provider: hosts, their groups and sizes, volumes, flows, names.

Pure: `describe(settings)` returns values, `describe_cloud` those of staging and production. The providers
(`infra.local`, `infra.aws`) make them real, and the stack file hands them to the inventory.
"""

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network

from infra import address_plan, naming
from infra.cloud_settings import CloudSettings
from infra.settings import Profile, Settings, SettingsError

GROUPS = ("edge", "app", "db", "cache", "ops", "world")
# The networks of the CDN as a source of flows; infra/cloudflare/ranges.json has them.
CDN = "cdn"

# Which roles configure a host of a group. The image builder bakes these roles' packages into the group's
# image; playbooks/site.yml applies them. A test holds the two together.
COMMON_ROLES = ("base", "node_exporter", "host_certificate")
ROLES: dict[str, tuple[str, ...]] = {
    "edge": ("nginx", "keepalived", "letsencrypt"),
    "app": ("booking",),
    "db": ("postgresql", "backup"),
    "cache": ("valkey",),
    "ops": ("backup", "letsencrypt", "prometheus", "alertmanager"),
    "world": ("world",),
}

PORTS: dict[str, int] = {
    "ssh": 22,
    "dns": 53,
    "http": 80,
    "https": 443,
    "postgresql": 5432,
    "valkey": 6379,
    "s3": 7070,
    "booking": 8000,
    "booking_worker": 8001,
    "pgbackrest": 8432,
    "prometheus": 9090,
    "alertmanager": 9093,
    "node_exporter": 9100,
    "acme": 14000,
    "acme_management": 15000,
    # Stand-ins of the providers that the booking service speaks to (standins/), on the local world.
    "standin_stripe": 17001,
    "standin_paystack": 17002,
    "standin_google": 17003,
    "standin_microsoft": 17004,
    "standin_sms": 17005,
    "standin_chat": 17006,
    "standin_webhook": 17007,
    "standin_ics": 17008,
    "standin_smtp": 17009,
    "standin_mailbox": 17010,
}

# First address of each group inside the stack's /24; hosts of a group follow one another.
_FIRST_ADDRESS = {"edge": 11, "app": 21, "db": 41, "cache": 51, "ops": 61, "world": 91}
_CONTROL, _VIRTUAL = 1, 10


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A filesystem that survives its host, mounted at `mount_path`."""

    name: str
    host: str
    mount_path: str
    size_mib: int


@dataclass(frozen=True, kw_only=True)
class Host:
    """One machine of the fleet. `cpus` is a ceiling, `memory_mib` a hard limit; `zone` is empty on one machine."""

    name: str
    address: IPv4Address
    groups: tuple[str, ...]
    memory_mib: int
    cpus: float
    zone: str = ""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One permitted connection between groups; `control` is the control machine, `any` the outside, `cdn` its CDN."""

    name: str
    sources: tuple[str, ...]
    target: str
    port: int
    protocol: str = "tcp"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Everything that exists in one stack. A stack behind a load balancer has no virtual address.

    `contact` is the mailbox of those who run it; `operator_keys` are their public SSH keys, where they have their own.
    """

    stack: str
    environment: str
    profile: Profile
    domain: str
    contact: str
    network: IPv4Network
    control_address: IPv4Address
    virtual_address: IPv4Address | None
    hosts: tuple[Host, ...]
    volumes: tuple[Volume, ...]
    flows: tuple[Flow, ...]
    names: tuple[str, ...]
    buckets: dict[str, str] = field(default_factory=dict)
    region: str = ""
    operator_keys: tuple[str, ...] = ()

    def in_group(self, group: str) -> tuple[Host, ...]:
        """The hosts of `group`, in order."""
        return tuple(host for host in self.hosts if group in host.groups)


@dataclass(frozen=True)
class Size:
    """Memory and processors of one host."""

    memory_mib: int
    cpus: float


# Measured idle use of a booted host is about 15 MB; the rest is for its daemons and an apt run (150 MB).
_SIZES: dict[str, Size] = {
    "edge": Size(384, 2),
    "app": Size(768, 2),
    "db": Size(1536, 2),
    "cache": Size(384, 1),
    "ops": Size(1536, 2),
    "world": Size(768, 2),
}

# EC2 instance types that a cloud host may have. All are x86-64 (the artefact's wheels are) and on the Nitro system
# (volumes appear as NVMe under their id). Source: EC2 instance types, general purpose and memory optimised.
INSTANCE_SIZES: dict[str, Size] = {
    "t3.micro": Size(1024, 2),
    "t3.small": Size(2048, 2),
    "t3.medium": Size(4096, 2),
    "t3.large": Size(8192, 2),
    "t3.xlarge": Size(16384, 4),
    "m6i.large": Size(8192, 2),
    "m6i.xlarge": Size(16384, 4),
    "m6i.2xlarge": Size(32768, 8),
    "r6i.large": Size(16384, 2),
    "r6i.xlarge": Size(32768, 4),
    "r6i.2xlarge": Size(65536, 8),
    "c6i.large": Size(4096, 2),
    "c6i.xlarge": Size(8192, 4),
}

# Path and size of each group's data volume; sparse files locally, so the size is a ceiling.
_VOLUMES: dict[str, tuple[str, int]] = {
    "db": ("/var/lib/postgresql", 8192),
    "ops": ("/var/lib/pgbackrest", 16384),
    "world": ("/srv/world", 8192),
}


def describe(settings: Settings) -> Fleet:
    """Return the fleet that `settings` asks for."""
    hosts = tuple(_hosts(settings))
    return Fleet(
        stack=settings.stack,
        environment=settings.environment,
        profile=settings.profile,
        domain=settings.domain,
        contact=f"ops@{settings.domain}",
        network=settings.subnet,
        control_address=settings.subnet[_CONTROL],
        virtual_address=settings.subnet[_VIRTUAL],
        hosts=hosts,
        volumes=tuple(_volumes(hosts)),
        flows=FLOWS,
        names=(settings.domain, *(f"{label}.{settings.domain}" for label in ("www", "dashboard", "marketing", "*"))),
        buckets={"backup": f"boka-{settings.stack}-backup"},
    )


def describe_cloud(settings: CloudSettings) -> Fleet:
    """Return the fleet that the settings of staging or production ask for: the same groups, spread over three zones."""
    hosts = tuple(_cloud_host(settings, group, number, groups) for group, number, groups in _places(settings))
    strangers = sorted(set(settings.host_images) - {host.name for host in hosts})
    if strangers:
        raise SettingsError(f"host_images names {strangers[0]}, which is no host of this stack. Remove it there.")
    bastion = next(host for host in hosts if "ops" in host.groups)
    names = (settings.marketing_name, settings.dashboard_name, "www", *settings.tenants)
    return Fleet(
        stack=settings.environment,
        environment=settings.environment,
        profile=settings.profile,
        domain=settings.domain,
        contact=settings.alert_email,
        network=settings.network,
        control_address=bastion.address,  # what a host sees of the control machine is the bastion it jumps through
        virtual_address=None,
        hosts=hosts,
        volumes=tuple(_volumes(hosts, {group: gib * 1024 for group, gib in _cloud_gib(settings).items()})),
        flows=tuple(_cloud_flows(hosts, cdn=settings.cdn)),
        names=(settings.domain, *(f"{label}.{settings.domain}" for label in names)),
        buckets={purpose: naming.bucket(settings, purpose, settings.account_id) for purpose in ("backup", "artefacts")},
        region=settings.region,
        operator_keys=settings.operator_keys,
    )


def _hosts(settings: Settings) -> list[Host]:
    return [_host(settings, group, number, groups) for group, number, groups in _places(settings)]


def _places(settings: Settings | CloudSettings) -> list[tuple[str, int, tuple[str, ...]]]:
    full = settings.profile == "full"
    counts = {"edge": 2, "app": settings.app_host_count, "db": 2 if full else 1, "ops": 1, "world": 1}
    if full:
        counts["cache"] = 1
    if settings.environment != "local":
        del counts["world"]
    shared = {} if full else {"ops": ("ops", "cache")}
    return [
        (group, number, shared.get(group, (group,)))
        for group in GROUPS
        for number in range(1, counts.get(group, 0) + 1)
    ]


def _host(settings: Settings, group: str, number: int, groups: tuple[str, ...]) -> Host:
    return Host(
        name=f"{group}{number}",
        address=settings.subnet[_FIRST_ADDRESS[group] + number - 1],
        groups=groups,
        memory_mib=sum(_SIZES[name].memory_mib for name in groups),
        cpus=max(_SIZES[name].cpus for name in groups),
    )


def _cloud_host(settings: CloudSettings, group: str, number: int, groups: tuple[str, ...]) -> Host:
    # The cache host carries the witness of the databases' cluster: it must not share a zone with db1 or db2.
    turn = number - 1 + (2 if group in ("cache", "ops") else 0)
    zone = settings.zones[turn % len(settings.zones)]
    subnet = address_plan.subnets(settings.network, settings.zones)[address_plan.TIER_OF[group], zone]
    size = instance_size(settings.instance_type(group))
    return Host(
        name=f"{group}{number}",
        address=subnet[_FIRST_ADDRESS[group] + (number - 1) // len(settings.zones)],
        groups=groups,
        memory_mib=size.memory_mib,
        cpus=size.cpus,
        zone=zone,
    )


def instance_size(instance_type: str) -> "Size":
    """Return what a host of an EC2 instance type has.

    Raises:
        SettingsError: the type is not in the table.
    """
    if instance_type not in INSTANCE_SIZES:
        raise SettingsError(
            f"instance_types names {instance_type!r}; known are {', '.join(INSTANCE_SIZES)}. "
            "Use one of them, or add it to INSTANCE_SIZES in infra/fleet.py."
        )
    return INSTANCE_SIZES[instance_type]


def _volumes(hosts: tuple[Host, ...], size_mib: dict[str, int] | None = None) -> list[Volume]:
    return [
        Volume(name=f"{host.name}-data", host=host.name, mount_path=path, size_mib=(size_mib or {}).get(group, size))
        for host in hosts
        for group, (path, size) in _VOLUMES.items()
        if group in host.groups
    ]


def _cloud_gib(settings: CloudSettings) -> dict[str, int]:
    return {"db": 64, "ops": 128, **settings.volume_gib}


def _cloud_flows(hosts: tuple[Host, ...], *, cdn: bool) -> list[Flow]:
    """The fleet's flows less what a cloud has not (the world, VRRP) and less the control machine but for SSH to ops.

    Behind the CDN the outside is the CDN.
    """
    groups = {group for host in hosts for group in host.groups}
    kept: list[Flow] = []
    for flow in FLOWS:
        to_bastion = flow.name == "ssh" and flow.target == "ops"
        allowed = {"control"} if to_bastion else {*groups, "any"}
        sources = tuple(CDN if cdn and source == "any" else source for source in flow.sources if source in allowed)
        if sources and flow.target in groups and flow.protocol in ("tcp", "udp"):
            kept.append(replace(flow, sources=sources))
    return [*kept, *(replace(flow, sources=tuple(s for s in flow.sources if s in groups)) for flow in OUTBOUND)]


def _flow(name: str, sources: tuple[str, ...], target: str, *, protocol: str = "tcp") -> Flow:
    return Flow(name=name, sources=sources, target=target, port=PORTS[name], protocol=protocol)


# One line a permitted connection; everything else is dropped by the hosts' firewall (base role) and, on a
# cloud, by the security groups. SSH from the control machine reaches every host.
FLOWS: tuple[Flow, ...] = (
    *(_flow("ssh", ("control", "ops"), group) for group in GROUPS),
    *(_flow("node_exporter", ("ops",), group) for group in GROUPS),
    _flow("http", ("any",), "edge"),
    _flow("https", ("any",), "edge"),
    Flow(name="vrrp", sources=("edge",), target="edge", port=0, protocol="vrrp"),
    _flow("booking", ("edge", "ops"), "app"),
    _flow("booking_worker", ("ops",), "app"),
    _flow("postgresql", ("app", "ops"), "db"),
    _flow("valkey", ("app",), "cache"),
    _flow("pgbackrest", ("db",), "ops"),
    _flow("pgbackrest", ("ops",), "db"),
    _flow("prometheus", ("control",), "ops"),
    _flow("alertmanager", ("control",), "ops"),
    _flow("dns", (*GROUPS, "control"), "world"),
    _flow("dns", (*GROUPS, "control"), "world", protocol="udp"),
    _flow("acme", ("ops", "control"), "world"),
    _flow("acme_management", ("ops", "control"), "world"),
    _flow("s3", ("db", "ops", "control"), "world"),
    *(_flow(name, ("app", "control"), "world") for name in PORTS if name.startswith("standin_")),
)

# What leaves a cloud stack; everything else is dropped. Name service and time come from the network itself (the
# resolver and the clock of a VPC pass no security group).
OUTBOUND: tuple[Flow, ...] = (
    Flow(name="https_out", sources=("edge", "app", "db", "cache", "ops"), target="any", port=443),
    Flow(name="mail_out", sources=("app", "ops"), target="any", port=587),
    # The certificates' issuer asks the zone's own servers whether they know its answer to the challenge yet; the
    # resolver would still say what it knew before.
    Flow(name="dns_out", sources=("ops",), target="any", port=53),
    Flow(name="dns_out", sources=("ops",), target="any", port=53, protocol="udp"),
)
