"""Secrets in age files, `database.age`, `auth.age`, `external.age`, and the identity that opens them.

A local stack keeps both in its state; staging and production keep the files in the repository, their recipients in
`secrets/recipients.txt`, and the identity outside, where $BOKA_AGE_KEY_FILE says.
"""

import json
import os
from pathlib import Path

from infra.files import write_atomically
from ops.secrets import age
from ops.secrets.errors import SecretsUnreadable
from ops.stacks import Stack

IDENTITY_VARIABLE = "BOKA_AGE_KEY_FILE"
_LOCAL_CURE = "Restore it, or remove the stack with boka down and raise it again."
_LASTING_CURE = f"Name the identity's file in ${IDENTITY_VARIABLE}."


class Files:
    """One encrypted file a group."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.where = str(stack.secrets)

    def read(self, group: str) -> dict[str, str]:
        """Return the secrets of a group; empty when there are none yet.

        Raises:
            SecretsUnreadable: the identity is missing or another one, or the file is damaged.
        """
        path = self._path(group)
        return _decrypt(path, self._identity()) if path.exists() else {}

    def refuse_unready(self) -> None:
        """Raise SecretsUnreadable unless secrets could be written here, and read again."""
        self._recipients()

    def add(self, group: str, new: dict[str, str]) -> dict[str, str]:
        """Write what the group lacks of `new` and return the whole group. What is there stays as it is."""
        if self._stack.is_local and not any(self._stack.secrets.glob("*.age")):
            self._make_identity()
        content = new | self.read(group)
        plain = json.dumps(content, sort_keys=True).encode()
        write_atomically(self._path(group), age.encrypt(plain, self._recipients()))
        return content

    @property
    def _identity_path(self) -> Path:
        if self._stack.is_local:
            return self._stack.secrets / "identity"
        return Path(os.environ.get(IDENTITY_VARIABLE, f"${IDENTITY_VARIABLE}"))

    def _path(self, group: str) -> Path:
        return self._stack.secrets / f"{group}.age"

    def _make_identity(self) -> None:
        if not self._identity_path.exists():
            identity = age.make_identity()
            write_atomically(self._identity_path, f"# public key: {age.public_key(identity)}\n{identity}\n".encode())

    def _identity(self) -> str:
        path, cure = self._identity_path, _LOCAL_CURE if self._stack.is_local else _LASTING_CURE
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as err:
            fact = f"the identity that opens the secrets cannot be read ({err.strerror})."
            raise SecretsUnreadable(path, fact, cure) from err
        keys = [line for line in lines if line.startswith("AGE-SECRET-KEY-")]
        if len(keys) != 1:
            fact = f"holds {len(keys)} age identities; exactly one line AGE-SECRET-KEY-... is allowed."
            raise SecretsUnreadable(path, fact, cure)
        return keys[0]

    def _recipients(self) -> list[str]:
        if self._stack.is_local:
            return [age.public_key(self._identity())]
        path = self._stack.secrets.parent / "recipients.txt"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        keys = [line.strip() for line in lines if line.startswith("age1")]
        if not keys:
            raise SecretsUnreadable(path, "names no recipient (age1...).", "Add the public keys of those who may read.")
        ours = age.public_key(self._identity())
        if ours not in keys:
            fact = f"does not name {ours}, the key of {self._identity_path}: what it wrote, it could not read."
            raise SecretsUnreadable(path, fact, "Add that line, or name another identity.")
        return keys


def _decrypt(path: Path, identity: str) -> dict[str, str]:
    try:
        return json.loads(age.decrypt(path.read_bytes(), identity))
    except (age.NotForThisIdentity, ValueError) as err:
        fact = f"is damaged, or encrypted to another identity than {age.public_key(identity)} ({err})."
        raise SecretsUnreadable(path, fact, "Put back the identity that it was made for, or the file.") from None
