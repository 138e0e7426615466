"""What ingest counts. Label children are made once: looking one up costs more than counting."""

from prometheus_client import Counter, Gauge

from libs.runtime.metrics import Durations, Last

WEBHOOKS = Counter("revstream_webhooks_total", "Webhook requests by their outcome", ["outcome"])
IGNORED = Counter("revstream_webhooks_ignored_total", "Signed events not published, by reason", ["reason"])
INCOMPLETE = Counter("revstream_records_incomplete_total", "Records published incomplete, by what they lack", ["what"])
SECONDS = Durations("revstream_webhook_seconds", "From headers read to answer made")
SKEW = Last("revstream_webhook_skew_seconds", "Our clock minus the time that the last webhook was signed at")
BROKER_REACHABLE = Gauge("revstream_broker_acknowledges", "1 while records are acknowledged in time")
REFETCHES = Counter("revstream_refetches_total", "Objects read again at Stripe, by outcome", ["outcome"])
TIES = Counter("revstream_ties_refetched_total", "Objects read again because two updates fell into one second")
SYNCED = Counter("revstream_synced_objects_total", "Objects that syncs published as snapshots", ["resource"])
POLLED = Counter("revstream_polled_events_total", "Events of Stripe's feed by what became of them", ["outcome"])
DRIFT = Counter("revstream_drift_found_total", "Objects that differed from Stripe's without an event", ["resource"])

PUBLISHED = WEBHOOKS.labels("published")
