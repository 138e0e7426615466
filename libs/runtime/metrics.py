"""What all services measure alike: buckets, and the page that Prometheus reads."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
PAGE_TYPE = CONTENT_TYPE_LATEST


def page(registry: CollectorRegistry = REGISTRY) -> bytes:
    """All metrics of the process in Prometheus' text format; serve it as `PAGE_TYPE`."""
    return generate_latest(registry)


class Durations(Collector):
    """A histogram for what happens thousands of times a second in one thread: counting takes no lock."""

    def __init__(self, name: str, documentation: str, registry: CollectorRegistry = REGISTRY) -> None:
        self._name = name
        self._documentation = documentation
        self._counts = [0] * (len(LATENCY_BUCKETS) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, seconds: float) -> None:
        """Count one that took so long."""
        self._counts[bisect_left(LATENCY_BUCKETS, seconds)] += 1
        self._sum += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """As Prometheus' registry asks for it."""
        bounds = [*map(str, LATENCY_BUCKETS), "+Inf"]
        buckets = list(zip(bounds, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(self._name, self._documentation, buckets, self._sum)


class Last(Collector):
    """A gauge for what changes thousands of times a second in one thread: its value as it was last."""

    def __init__(self, name: str, documentation: str, registry: CollectorRegistry = REGISTRY) -> None:
        self._name = name
        self._documentation = documentation
        self.value = 0.0
        registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """As Prometheus' registry asks for it."""
        yield GaugeMetricFamily(self._name, self._documentation, self.value)
