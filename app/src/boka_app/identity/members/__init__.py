"""Who belongs to a tenant, and as what."""
