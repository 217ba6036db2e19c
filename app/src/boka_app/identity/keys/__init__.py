"""Keys of programs: of a tenant, and of the platform."""
