"""The key pair that opens the `ops` account on a stack's hosts. The private half never leaves its file."""

from infra import files, paths
from infra.local import claims
from infra.local.system import Machine, System


def ensure(stack: str, system: System | None = None) -> str:
    """Return the public key, made if there is none."""
    key = paths.ssh_key(stack)
    public = observe(stack)
    if public is not None:
        return public
    files.make_private_folder(key.parent)
    key.unlink(missing_ok=True)  # a private half whose public half was never written opens nothing
    (system or Machine()).run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"ops@{stack}", "-f", str(key))
    return key.with_suffix(".pub").read_text().strip()


def observe(stack: str) -> str | None:
    """Return the public key, or None if either half is missing."""
    key = paths.ssh_key(stack)
    public = key.with_suffix(".pub")
    return public.read_text().strip() if key.exists() and public.exists() else None


def remove(stack: str) -> None:
    """Remove both halves; already gone is success."""
    key = paths.ssh_key(stack)
    key.unlink(missing_ok=True)
    key.with_suffix(".pub").unlink(missing_ok=True)
    claims.prune(key.parent)
