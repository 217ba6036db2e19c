"""The secrets of one stack: made once, encrypted at rest, handed out by name.

`Store(stack).get("database/valkey")`; `Store(stack).ensure()` makes what is missing, before any host asks.
"""

from ops.secrets.errors import NoSuchEntry, NoSuchSecret, SecretsUnreadable
from ops.secrets.store import Store

__all__ = ["NoSuchEntry", "NoSuchSecret", "SecretsUnreadable", "Store"]
