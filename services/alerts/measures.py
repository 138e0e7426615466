"""What the alerts service counts."""

from prometheus_client import Counter

SIGNALS = Counter("revstream_alerts_signals_total", "States of signals that were published", ["rule", "status"])
DEAD_LETTERS = Counter("revstream_alerts_dead_letters_total", "Records that could not be read")
