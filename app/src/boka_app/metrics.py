"""The figures the service counts, and `/api/metrics` that shows them for all workers together."""

import os

import falcon
from falcon.asgi import Request, Response
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time to answer.",
    ["method", "route"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
TRANSACTIONS = Counter("booking_transactions_total", "Attempts to book, by how they ended.", ["outcome"])
BOOKINGS = Counter("bookings_created_total", "Appointments booked.")
LOGINS = Counter("auth_logins_total", "Attempts to log in, by how they ended.", ["outcome"])
SESSIONS = Gauge(
    "user_sessions_active", "Sessions of staff that live, in the whole service.", multiprocess_mode="mostrecent"
)
PAYMENTS = Counter("payments_processed_total", "Payments and refunds, by how they ended.", ["provider", "outcome"])
CACHE = Counter("cache_requests_total", "Answers asked of the cache.", ["cache", "outcome"])
for _outcome in ("hit", "shared", "miss", "bypass", "not_modified"):
    CACHE.labels("slots", _outcome)
for _outcome in ("booked", "replayed", "taken", "refused", "failed"):
    TRANSACTIONS.labels(_outcome)  # a rate needs the zero before the first event
for _outcome in ("succeeded", "wrong_password", "wrong_code", "code_missing", "locked", "throttled", "disabled"):
    LOGINS.labels(_outcome)

for _provider in ("stripe", "paystack", "cash"):
    for _outcome in ("succeeded", "failed", "expired", "too_late", "duplicate", "refunded", "refund_failed"):
        PAYMENTS.labels(_provider, _outcome)


class MetricsResource:
    """`/api/metrics`: for Prometheus."""

    async def on_get(self, _req: Request, resp: Response) -> None:
        """Answer the sum over the workers where PROMETHEUS_MULTIPROC_DIR is set, else this process."""
        registry = REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        resp.content_type = "text/plain; version=0.0.4; charset=utf-8"
        resp.status = falcon.HTTP_200
        resp.data = generate_latest(registry)
