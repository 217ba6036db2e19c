"""Events out to tenants' programs, as Standard Webhooks 1.0 has them."""
