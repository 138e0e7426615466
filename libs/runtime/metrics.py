"""What all services measure alike: buckets, and the page that Prometheus reads."""

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
PAGE_TYPE = CONTENT_TYPE_LATEST


def page(registry: CollectorRegistry = REGISTRY) -> bytes:
    """All metrics of the process in Prometheus' text format; serve it as `PAGE_TYPE`."""
    return generate_latest(registry)
