"""Which Debian archive the hosts install from: a setting, else the machine's own source where it is Debian's."""

from dataclasses import dataclass

from infra.local.system import LocalError, Machine, System

SUITE = "trixie"


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
    """Return the archives from the setting `mirror` or from `apt-get indextargets` lines `label uri`.

    Raises:
        LocalError: neither names one, as on a machine that is not Debian.
    """
    if mirror:
        base = mirror.rstrip("/")
        return Archives(base, f"{base.removesuffix('/debian')}/debian-security")
    by_label: dict[str, str] = {}
    for line in targets.splitlines():
        label, _, uri = line.partition(" ")
        by_label.setdefault(label, uri.rstrip("/"))
    if "Debian" not in by_label:
        raise LocalError(
            "this machine's apt sources name no Debian archive, and boka:mirror is empty: the hosts need one. "
            "Set it to a Debian mirror: pulumi config set boka:mirror http://HOST/debian"
        )
    main = by_label["Debian"]
    return Archives(main, by_label.get("Debian-Security", f"{main.removesuffix('/debian')}/debian-security"))


def of_this_machine(mirror: str = "", system: System | None = None) -> Archives:
    """Return the archives this machine's hosts use."""
    seen = (system or Machine()).try_run("apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)")
    return choose(mirror, seen.out if seen.code == 0 else "")
