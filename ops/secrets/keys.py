"""The stack's ssh key pair, and everything else that must exist before its first host does."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from infra import paths
from ops.files import write_atomically
from ops.secrets import authority
from ops.secrets.store import Store
from ops.stacks import Stack


def ensure_all(stack: Stack) -> list[str]:
    """Make what is missing of secrets, authority and ssh key; return the names of what was made."""
    store = Store(stack)
    made = store.ensure()
    if authority.ensure_certificate(stack, store):
        made.append("ca/ca.pem")
    if ensure_ssh_key(stack):
        made.append("ssh/id_ed25519")
    return made


def ensure_ssh_key(stack: Stack) -> bool:
    """Make the pair unless there is one; tell whether it was made. A lost public half is written again."""
    private_path, public_path = paths.ssh_key(stack.name), paths.ssh_key(stack.name).with_suffix(".pub")
    if private_path.exists() and public_path.exists():
        return False
    if not private_path.exists():
        key = ed25519.Ed25519PrivateKey.generate()
        write_atomically(private_path, _openssh(key))
    loaded = serialization.load_ssh_private_key(private_path.read_bytes(), password=None)
    public = loaded.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    write_atomically(public_path, public + f" ops@{stack.name}.boka\n".encode(), mode=0o644)
    return True


def _openssh(key: ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
