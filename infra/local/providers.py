"""Pulumi's view of local things: thin dynamic providers over the host library.

Old state names these classes: never move or rename one without leaving the old name behind. They capture nothing,
so the state stays readable and a code change needs no update.
"""

from abc import abstractmethod
from dataclasses import fields
from typing import Any, ClassVar, TypeVar, get_type_hints

from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, ResourceProvider, UpdateResult

from infra import handover
from infra.local import ssh_key, stackfile
from infra.local.host import Hosts, HostSpec
from infra.local.image import Images, ImageSpec
from infra.local.network import Networks, NetworkSpec
from infra.local.packages import PackageCache
from infra.local.volume import Volumes, VolumeSpec

Props = dict[str, Any]
SpecT = TypeVar("SpecT")
_OWN = "__provider"


def spec_from(kind: type[SpecT], props: Props) -> SpecT:
    """Return the spec dataclass that `props` carry; protobuf made every number a float and every tuple a list."""
    hints = get_type_hints(kind)
    values: Props = {}
    for field in fields(kind):  # pyright: ignore[reportArgumentType] - every spec is a dataclass
        value = props[field.name]
        if hints[field.name] is int:
            value = int(value)
        elif isinstance(value, list):
            value = tuple(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        values[field.name] = value
    return kind(**values)


def changed_keys(olds: Props, news: Props) -> set[str]:
    """Return the inputs whose wanted value is not the one in the state, drift included."""
    return {key for key, value in news.items() if key != _OWN and olds.get(key) != value}


class LocalProvider(ResourceProvider):
    """What all local resources share: an explicit diff, adopt-or-create, and reading drift."""

    serialize_as_secret_always = False
    immutable: ClassVar[frozenset[str]] = frozenset({"stack", "name"})
    # Outputs that an update never changes: a preview then knows them.
    stable: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def ensure(self, props: Props) -> Props:
        """Make it so and return what was computed on the way."""

    @abstractmethod
    def observe(self, props: Props) -> Props | None:
        """Return the properties as seen on the machine, or None if the object is gone."""

    @abstractmethod
    def remove(self, props: Props) -> None:
        """Remove it; already gone is success."""

    def identifier(self, props: Props) -> str:
        """Return the id: stable, readable, and unique on the machine."""
        return f"{props['stack']}/{props.get('name', type(self).__name__.removesuffix('Provider').lower())}"

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Accept the inputs: they come typed from the fleet's description."""
        return CheckResult(news, [])

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Compare the wanted inputs with the state; a default result would hide drift."""
        keys = changed_keys(_olds, _news)
        return DiffResult(
            changes=bool(keys),
            replaces=sorted(keys & self.immutable),
            stables=[*self.stable],
            delete_before_replace=True,
        )

    def create(self, props: Props) -> CreateResult:
        """Adopt what is ours, make what is missing, refuse a stranger's."""
        return CreateResult(self.identifier(props), {**_inputs(props), **self.ensure(props)})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Converge to the new inputs; all outputs are returned again."""
        return UpdateResult({**_inputs(_news), **self.ensure(_news)})

    def read(self, id_: str, props: Props) -> ReadResult:
        """Look at the machine: an empty id says the object is gone."""
        seen = self.observe(props)
        if seen is None:
            return ReadResult("", {})
        return ReadResult(id_, {**props, **seen})

    def delete(self, _id: str, _props: Props) -> None:
        """Remove the object."""
        self.remove(_props)


def _inputs(props: Props) -> Props:
    return {key: value for key, value in props.items() if key != _OWN}


class PackageCacheProvider(LocalProvider):
    """A stack's lease on the machine's package cache."""

    def ensure(self, props: Props) -> Props:
        """Take the lease and start the cache if it does not answer."""
        PackageCache().ensure(props["stack"], props["mirror"])
        return {"answers": True}

    def observe(self, props: Props) -> Props | None:
        """Say whether the cache answers."""
        answers = PackageCache().observe(props["stack"])
        return None if answers is None else {"answers": answers}

    def remove(self, props: Props) -> None:
        """Give the lease back."""
        PackageCache().release(props["stack"])


class ImageProvider(LocalProvider):
    """An image in the cache; it outlives the stack."""

    def ensure(self, props: Props) -> Props:
        """Build the image if it is missing."""
        return {"key": Images().ensure(ImageSpec(props["label"], tuple(props["packages"])))}

    def observe(self, props: Props) -> Props | None:
        """Say whether it is in the cache."""
        return {} if Images().observe(props["key"]) else None

    def remove(self, props: Props) -> None:
        """Leave the image to other stacks: caches go with `make clean`."""


class SshKeyProvider(LocalProvider):
    """The key that opens the stack's hosts; only its public half is in Pulumi's state."""

    def ensure(self, props: Props) -> Props:
        """Make the key pair if it is missing."""
        return {"public_key": ssh_key.ensure(props["stack"])}

    def observe(self, props: Props) -> Props | None:
        """Read the public key."""
        public = ssh_key.observe(props["stack"])
        return None if public is None else {"public_key": public}

    def remove(self, props: Props) -> None:
        """Remove both halves."""
        ssh_key.remove(props["stack"])


class NetworkProvider(LocalProvider):
    """A stack's bridge, its namespace and the link to the machine."""

    immutable = frozenset({"stack", "subnet", "control_address"})

    def ensure(self, props: Props) -> Props:
        """Make or repair it."""
        Networks().ensure(spec_from(NetworkSpec, props))
        return {"whole": True}

    def observe(self, props: Props) -> Props | None:
        """Say whether it is whole."""
        whole = Networks().observe(spec_from(NetworkSpec, props))
        return None if whole is None else {"whole": whole}

    def remove(self, props: Props) -> None:
        """Remove it."""
        Networks().remove(props["stack"])


class VolumeProvider(LocalProvider):
    """A data volume."""

    immutable = frozenset({"stack", "name", "size_mib"})

    def ensure(self, props: Props) -> Props:
        """Make it; an existing one keeps its data."""
        Volumes().ensure(spec_from(VolumeSpec, props))
        return {}

    def observe(self, props: Props) -> Props | None:
        """Read its size."""
        size = Volumes().observe(props["stack"], props["name"])
        return None if size is None else {"size_mib": size}

    def remove(self, props: Props) -> None:
        """Remove it with its data."""
        Volumes().remove(props["stack"], props["name"])


class HostProvider(LocalProvider):
    """A systemd host."""

    stable = ("host_key",)

    def ensure(self, props: Props) -> Props:
        """Make, adopt or boot it, and wait until SSH answers."""
        state = Hosts().ensure(spec_from(HostSpec, props))
        return {"running": True, "host_key": state.host_key}

    def observe(self, props: Props) -> Props | None:
        """Say whether it runs inside its stack's network, with which key and size."""
        seen = Hosts().observe(props["stack"], props["name"])
        if seen is None:
            return None
        size = {"memory_mib": seen.spec.memory_mib, "cpus": seen.spec.cpus}
        return {"running": seen.running, "host_key": seen.host_key, **size}

    def remove(self, props: Props) -> None:
        """Kill and remove it."""
        Hosts().remove(props["stack"], props["name"])


class StackFileProvider(LocalProvider):
    """The hand-over to configuration: the stack file and known_hosts."""

    def ensure(self, props: Props) -> Props:
        """Write both, whole."""
        stackfile.write(props["stack"], props["content"])
        return {"fingerprint": handover.fingerprint(props["content"])}

    def observe(self, props: Props) -> Props | None:
        """Read back the content, so that a hand-edited file is drift."""
        content = stackfile.observe(props["stack"])
        return None if content is None else {"content": content, "fingerprint": handover.fingerprint(content)}

    def remove(self, props: Props) -> None:
        """Remove both."""
        handover.remove(props["stack"])
