"""The topics are the public contract: names, settings, and who stands at both ends."""

import pytest

from libs.wire import topics
from libs.wire.topics import CONTRACT, Cleanup, Topic, dead_letter_topic, every_topic
from tests.wire.examples import EXAMPLES

SERVICES = {"ingest", "mrr", "alerts", "api"}


def named(topic: Topic) -> str:
    return topic.name


@pytest.mark.parametrize(
    ("name", "cleanup"),
    [
        ("stripe.events", Cleanup.DELETE),
        ("projects.settings", Cleanup.COMPACT),
        ("clients.directory", Cleanup.COMPACT),
        ("client.activity", Cleanup.DELETE),
        ("revenue.clients", Cleanup.COMPACT),
        ("revenue.movements", Cleanup.DELETE),
        ("churn.signals", Cleanup.DELETE),
        ("clients.health", Cleanup.COMPACT),
    ],
)
def test_the_contract_names_its_topics(name: str, cleanup: Cleanup) -> None:
    (topic,) = [topic for topic in CONTRACT if topic.name == name]
    assert topic.cleanup is cleanup
    assert topic.config()["cleanup.policy"] == cleanup.value


@pytest.mark.parametrize("topic", CONTRACT, ids=named)
def test_every_topic_has_writers_and_readers_among_the_services(topic: Topic) -> None:
    assert set(topic.producers) <= SERVICES
    assert set(topic.consumers) <= SERVICES
    assert topic.producers
    assert topic.consumers


def test_every_topic_that_is_written_has_an_example() -> None:
    assert set(EXAMPLES) == {topic.name for topic in CONTRACT}


@pytest.mark.parametrize("topic", CONTRACT, ids=named)
def test_unreadable_records_have_a_topic_of_their_own(topic: Topic) -> None:
    letters = dead_letter_topic(topic)
    assert letters.name == f"{topic.name}.dead-letters"
    assert letters.cleanup is Cleanup.DELETE
    assert letters in every_topic()


def test_names_are_unique_and_all_are_created() -> None:
    created = [topic.name for topic in every_topic()]
    assert len(created) == len(set(created)) == 2 * len(CONTRACT)


def test_signals_are_kept_for_at_least_30_days() -> None:
    assert topics.CHURN_SIGNALS.retention_ms is not None
    assert topics.CHURN_SIGNALS.retention_ms >= 30 * topics.DAY_MS


@pytest.mark.parametrize("topic", CONTRACT, ids=named)
def test_a_topic_takes_records_as_large_as_a_webhook_may_be(topic: Topic) -> None:
    assert int(topic.config()["max.message.bytes"]) > 1024 * 1024
    kept = topic.config()["retention.ms"]
    assert kept == ("-1" if topic.retention_ms is None else str(topic.retention_ms))
