"""The secrets of one stack: made once, age-encrypted at rest, handed out by name.

`Store(stack).get("database/valkey")`; `ensure(stack)` makes whatever a stack needs before its hosts exist.
"""

from ops.secrets.errors import NoSuchSecret, SecretsUnreadable
from ops.secrets.store import Store

__all__ = ["NoSuchSecret", "SecretsUnreadable", "Store"]
