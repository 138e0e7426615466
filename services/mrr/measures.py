"""What the mrr service counts."""

from collections.abc import Iterable, Mapping

from prometheus_client import Counter, Gauge

from services.mrr.customer_entry import incomplete_of

RECORDS = Counter("revstream_mrr_records_total", "Records of stripe.events that were folded")
CONTRIBUTIONS = Counter("revstream_mrr_contributions_total", "Contributions that changed and were published")
CLIENTS = Counter("revstream_mrr_clients_total", "Client records that were published")
MOVEMENTS = Counter("revstream_mrr_movements_total", "Movements that were published, again or undone ones too")
DEAD_LETTERS = Counter("revstream_mrr_dead_letters_total", "Records that could not be read")
INCOMPLETE = Gauge(
    "revstream_incomplete_subscriptions",
    "Subscriptions of this worker's customers whose MRR lacks something (tiers, a coupon's terms, items)",
)


class IncompleteCount:
    """How many subscriptions are incomplete, kept while entries change; 0 for most customers, so few are remembered."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, int] = {}

    def note(self, key: bytes, count: int) -> None:
        """A customer's entry has this many now."""
        if count != self._by_key.get(key, 0):
            INCOMPLETE.inc(count - self._by_key.pop(key, 0))
            if count:
                self._by_key[key] = count

    def recount(self, tables: Iterable[Mapping[bytes, bytes]]) -> None:
        """Start over from what this worker owns now."""
        heads = ((key, incomplete_of(data)) for entries in tables for key, data in entries.items())
        self._by_key = {key: count for key, count in heads if count}
        INCOMPLETE.set(sum(self._by_key.values()))
