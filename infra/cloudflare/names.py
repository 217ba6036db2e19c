"""Which name under the domain is answered by whom. Pure."""

from dataclasses import dataclass

from infra.cloud_settings import CloudSettings


@dataclass(frozen=True, kw_only=True)
class Names:
    """`hosts` are answered by our edges, by a stable word each; the others by Cloudflare itself, `pages` if chosen."""

    hosts: dict[str, str]
    assets: str
    pages: str | None

    @property
    def every(self) -> list[str]:
        """All of them, sorted."""
        return sorted({*self.hosts.values(), self.assets, *filter(None, [self.pages])})


def of(settings: CloudSettings) -> Names:
    """Return the names of an environment."""
    domain = settings.domain
    labels = {"www": "www", "dashboard": settings.dashboard_name, "marketing": settings.marketing_name}
    labels["docs"] = settings.docs_name
    labels |= {f"tenant-{label}": label for label in sorted(settings.tenants)}
    hosts = {"apex": domain} | {word: f"{label}.{domain}" for word, label in labels.items()}
    pages = hosts.pop("marketing") if settings.pages else None
    return Names(hosts=hosts, assets=f"{settings.assets_name}.{domain}", pages=pages)
