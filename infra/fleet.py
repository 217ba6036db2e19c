"""The one description of the fleet, free of any provider: hosts, their groups and sizes, volumes, flows, names.

Pure: `describe(settings)` returns values. The providers (`infra.local`, later `infra.aws`) make them real,
and the stack file hands them to the inventory.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from infra.settings import Profile, Settings

GROUPS = ("edge", "app", "db", "cache", "ops", "world")

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
    """One machine of the fleet. `cpus` is a ceiling, `memory_mib` a hard limit."""

    name: str
    address: IPv4Address
    groups: tuple[str, ...]
    memory_mib: int
    cpus: float


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One permitted connection between groups; `control` is the control machine, `any` the outside."""

    name: str
    sources: tuple[str, ...]
    target: str
    port: int
    protocol: str = "tcp"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Everything that exists in one stack."""

    stack: str
    environment: str
    profile: Profile
    domain: str
    network: IPv4Network
    control_address: IPv4Address
    virtual_address: IPv4Address
    hosts: tuple[Host, ...]
    volumes: tuple[Volume, ...]
    flows: tuple[Flow, ...]
    names: tuple[str, ...]
    buckets: dict[str, str] = field(default_factory=dict)

    def in_group(self, group: str) -> tuple[Host, ...]:
        """The hosts of `group`, in order."""
        return tuple(host for host in self.hosts if group in host.groups)


@dataclass(frozen=True)
class _Size:
    memory_mib: int
    cpus: float


# Measured idle use of a booted host is about 15 MB; the rest is for its daemons and an apt run (150 MB).
_SIZES: dict[str, _Size] = {
    "edge": _Size(384, 2),
    "app": _Size(768, 2),
    "db": _Size(1536, 2),
    "cache": _Size(384, 1),
    "ops": _Size(1536, 2),
    "world": _Size(768, 2),
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
        network=settings.subnet,
        control_address=settings.subnet[_CONTROL],
        virtual_address=settings.subnet[_VIRTUAL],
        hosts=hosts,
        volumes=tuple(_volumes(hosts)),
        flows=FLOWS,
        names=(settings.domain, *(f"{label}.{settings.domain}" for label in ("www", "dashboard", "marketing", "*"))),
        buckets={"backup": f"boka-{settings.stack}-backup"},
    )


def _hosts(settings: Settings) -> list[Host]:
    full = settings.profile == "full"
    counts = {"edge": 2, "app": settings.app_host_count, "db": 2 if full else 1, "ops": 1, "world": 1}
    if full:
        counts["cache"] = 1
    if settings.environment != "local":
        del counts["world"]
    shared = {} if full else {"ops": ("ops", "cache")}
    return [
        _host(settings, group, number, shared.get(group, (group,)))
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


def _volumes(hosts: tuple[Host, ...]) -> list[Volume]:
    return [
        Volume(name=f"{host.name}-data", host=host.name, mount_path=path, size_mib=size)
        for host in hosts
        for group, (path, size) in _VOLUMES.items()
        if group in host.groups
    ]


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
