"""Remove what a stack claimed on this machine and no state remembers: the safety net below `down`."""

from infra import paths
from infra.local.host import Hosts
from infra.local.network import Networks
from infra.local.packages import PackageCache
from infra.local.volume import Volumes


def sweep(stack: str) -> list[str]:
    """Remove every claimed object and the lease; return what there was, `kind/name`. Nothing unclaimed is touched."""
    claims = sorted((paths.stack_dir(stack) / "claims").glob("*.json"))
    found = [tuple(path.stem.split("-", 1)) for path in claims]
    for kind, name in found:  # hosts sort first: they use the network and the volumes
        if kind == "host":
            Hosts().remove(stack, name)
        elif kind == "network":
            Networks().remove(stack)
        elif kind == "volume":
            Volumes().remove(stack, name)
    PackageCache().release(stack)
    return [f"{kind}/{name}" for kind, name in found]
