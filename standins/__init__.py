"""Providers on this machine, for tests and for the local stack: they speak what we use of the documented protocol."""
