"""What the mrr service counts."""

from prometheus_client import Counter

RECORDS = Counter("revstream_mrr_records_total", "Records of stripe.events that were folded")
CONTRIBUTIONS = Counter("revstream_mrr_contributions_total", "Contributions that changed and were published")
CLIENTS = Counter("revstream_mrr_clients_total", "Client records that were published")
DEAD_LETTERS = Counter("revstream_mrr_dead_letters_total", "Records that could not be read")
