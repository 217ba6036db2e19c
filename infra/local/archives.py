"""Which Debian archive the hosts install from: a setting, else the machine's own source where it is Debian's."""

from dataclasses import dataclass

from infra.local.system import Machine, System

SUITE = "trixie"
_FALLBACK = ("http://deb.debian.org/debian", "http://deb.debian.org/debian-security")


@dataclass(frozen=True)
class Archives:
    """Base URIs of the main and the security archive, without a closing slash."""

    main: str
    security: str

    def sources(self) -> list[tuple[str, str]]:
        """Return (URI, suite) of everything a host may install from; backports serves single packages only."""
        return [
            (self.main, SUITE),
            (self.main, f"{SUITE}-updates"),
            (self.security, f"{SUITE}-security"),
            (self.main, f"{SUITE}-backports"),
        ]


def choose(mirror: str, targets: str) -> Archives:
    """Return the archives from the setting `mirror` or from `apt-get indextargets` lines `label uri`."""
    if mirror:
        base = mirror.rstrip("/")
        return Archives(base, f"{base.removesuffix('/debian')}/debian-security")
    by_label: dict[str, str] = {}
    for line in targets.splitlines():
        label, _, uri = line.partition(" ")
        by_label.setdefault(label, uri.rstrip("/"))
    main, security = _FALLBACK
    return Archives(by_label.get("Debian", main), by_label.get("Debian-Security", security))


def of_this_machine(mirror: str = "", system: System | None = None) -> Archives:
    """Return the archives this machine's hosts use."""
    seen = (system or Machine()).try_run("apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)")
    return choose(mirror, seen.out if seen.code == 0 else "")
