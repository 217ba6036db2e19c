"""Write and look at the stack file on this machine; what it says is decided in `infra.handover`."""

from infra import handover, paths
from infra.files import make_private_folder, write_atomically


def write(stack: str, content: str) -> None:
    """Write known_hosts, then the stack file: whoever sees the file can already reach the hosts it names."""
    make_private_folder(paths.stack_dir(stack))
    known = handover.known_hosts_text(handover.StackFile.model_validate_json(content))
    write_atomically(paths.known_hosts(stack), known.encode())
    write_atomically(paths.stack_file(stack), content.encode())


def observe(stack: str) -> str | None:
    """Return the file's content, or None if it or known_hosts is missing."""
    present = paths.stack_file(stack).exists() and paths.known_hosts(stack).exists()
    return paths.stack_file(stack).read_text() if present else None
