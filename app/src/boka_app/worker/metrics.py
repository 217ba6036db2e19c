"""What only the worker counts; shown at BOKA_WORKER_METRICS."""

from prometheus_client import Counter, Gauge

JOBS = Counter("jobs_total", "Jobs carried out, by how they ended.", ["job", "outcome"])
NOTIFICATIONS = Counter("notifications_total", "Attempts to send a message, by how they ended.", ["channel", "outcome"])
DELIVERIES = Counter("webhook_deliveries_total", "Attempts to deliver a webhook, by how they ended.", ["outcome"])
WAITING = Gauge("jobs_waiting", "Jobs that could run now.")
FAILED = Gauge("jobs_failed", "Jobs that nobody will try again unless told to.")
OLDEST = Gauge("jobs_oldest_seconds", "How long the oldest job that could run has waited.")
EVENTS = Gauge("outbox_pending_events", "Events that no worker has taken.")

for _outcome in ("sent", "retried", "dead", "suppressed", "cancelled"):
    for _channel in ("email", "sms", "chat"):
        NOTIFICATIONS.labels(_channel, _outcome)  # a rate needs the zero before the first event
for _outcome in ("delivered", "retried", "dead"):
    DELIVERIES.labels(_outcome)
