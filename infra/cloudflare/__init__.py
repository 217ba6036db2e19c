"""Cloudflare before the load balancer: names, zone, rules, storage, front. Made by `infra/cloudflare/layers.py`."""
