"""Take money before a visit, and give it back by policy: deposits and full prices, through a tenant's own accounts."""
