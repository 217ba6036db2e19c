"""Requests to addresses that tenants choose."""
