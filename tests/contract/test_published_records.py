"""All that both workers publish of a company's life is valid by the schemas that subscribers read, headers too."""

import json
from datetime import UTC, datetime

from jsonschema import Draft202012Validator

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.settings import AccountSettings
from libs.runtime.faust_batch import Output, StageResult
from libs.wire.asyncapi import document, encoded
from tests.alerts.in_memory import Alerts
from tests.e2e.published import Checked
from tests.mrr.in_memory import MemoryRecord, Stream, catalogue_of, instant, stripe_records

HEADERS = json.loads(encoded(document()))["components"]["messages"]["SignalRecord"]["headers"]
EXPECTED = {"StripeRecord", "ContributionChanged", "InvoiceActivity", "SubscriptionActivity", "ClientRecord",
            "MovementRecord", "SignalRecord", "HealthRecord"}  # fmt: skip


class NotedStream(Stream):
    """Keeps what the mrr worker publishes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.outputs: list[Output] = []

    def published(self, result: StageResult) -> list[MemoryRecord]:
        self.outputs += result.outputs
        return super().published(result)

    def read(self, result: StageResult) -> None:
        self.outputs += result.outputs
        super().read(result)


class NotedAlerts(Alerts):
    """Keeps what the alerts worker publishes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.outputs: list[Output] = []

    def _read(self, result: StageResult) -> list[MemoryRecord]:
        self.outputs += result.outputs
        return super()._read(result)


def test_every_record_of_a_life_is_valid_by_its_schema() -> None:
    fake = FakeStripe(seed=3, start=datetime(2026, 1, 5, tzinfo=UTC), settings=AccountSettings(livemode=True))
    play(fake.engine, HistorySpec(seed=3, customers=15, months=3))
    events = stripe_records(fake.events, catalogue_of(fake))
    stream, alerts = NotedStream(now=instant(fake)), NotedAlerts(now=instant(fake))
    stream.feed(events)
    alerts.feed(stream.activity)
    checked = Checked()
    for record in events:
        checked.take(record.topic, record.value)
    for topic, _, value, _ in (*stream.outputs, *alerts.outputs):
        checked.take(topic, value)
    assert checked.faults == []
    assert EXPECTED - checked.kinds.keys() == set()
    headers = Draft202012Validator(HEADERS)
    for _, _, _, told in (*stream.outputs, *alerts.outputs):
        headers.validate({name: value.decode() for name, value in told})
