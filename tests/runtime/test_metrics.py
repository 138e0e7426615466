"""What is counted without locks reads like what Prometheus' own classes count."""

from prometheus_client import CollectorRegistry, Gauge, Histogram

from libs.runtime.metrics import LATENCY_BUCKETS, Durations, Last, page


def shown(registry: CollectorRegistry) -> set[str]:
    """The page without the time at which a metric was made, which only Prometheus' own classes tell."""
    return {line for line in page(registry).decode().splitlines() if "_created" not in line}


def test_durations_read_like_a_histogram() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    durations = Durations("took_seconds", "What it took", ours)
    histogram = Histogram("took_seconds", "What it took", buckets=LATENCY_BUCKETS, registry=theirs)
    for seconds in (0.0005, 0.001, 0.0011, 0.04, 10.0, 11.0):
        durations.observe(seconds)
        histogram.observe(seconds)
    assert shown(ours) == shown(theirs)


def test_last_value_reads_like_a_gauge() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    last, gauge = Last("skew_seconds", "How late", ours), Gauge("skew_seconds", "How late", registry=theirs)
    last.value = 1.5
    gauge.set(1.5)
    assert shown(ours) == shown(theirs)
