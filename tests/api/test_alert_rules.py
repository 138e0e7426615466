"""Rules on metrics open one signal while they are met, resolve it after, and never for want of data."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import asyncpg
import msgspec
import pytest

from libs.domain.identity import Currency
from libs.domain.metrics import Figure, Money, Ratio
from libs.runtime.kafka import KafkaUnavailable
from libs.wire.codec import decode
from libs.wire.records import SignalRecord
from libs.wire.topics import CHURN_SIGNALS
from services.api.database import Database
from services.api.metric_rules.condition import Condition, Reading, is_met, reading_of, told
from services.api.metric_rules.episode import MetricRule, after, decided
from services.api.metric_rules.evaluating import evaluate_all, periods_of, publish
from services.api.read_model.projection import Delivered
from tests.api.builders import NOW, event_delivery, failed_invoice, stripe_record
from tests.api.calling import Api, FakeSender, is_problem

RULES = "/api/alert-rules"
USD, EUR = Currency("usd"), Currency("eur")


def condition(text: str, **fields: object) -> Condition:
    """`mrr falls_by 5`."""
    metric, comparison, value = text.split()
    return msgspec.convert({"metric": metric, "comparison": comparison, "value": value, **fields}, Condition)


@pytest.mark.parametrize(
    ("asked", "now", "before", "met"),
    [
        pytest.param("mrr falls_by 5", Fraction(95), Fraction(100), True, id="fell by just so much"),
        pytest.param("mrr falls_by 5", Fraction(951, 10), Fraction(100), False, id="fell by less"),
        pytest.param("mrr falls_by 5", Fraction(110), Fraction(100), False, id="rose"),
        pytest.param("mrr falls_by 5", Fraction(1), Fraction(0), None, id="nothing to compare with"),
        pytest.param("mrr rises_by 50", Fraction(150), Fraction(100), True, id="rose by just so much"),
        pytest.param("net falls_by 10", Fraction(-20), Fraction(-10), True, id="from below 0 further down"),
        pytest.param("failed_payments above 3", Fraction(4), Fraction(0), True, id="above"),
        pytest.param("failed_payments above 3", Fraction(3), Fraction(9), False, id="not above"),
        pytest.param("quick_ratio below 1.5", Fraction(1), None, True, id="below"),
        pytest.param("subscriber_churn_rate above 0.02", None, None, None, id="undefined"),
    ],
)
def test_a_condition_is_met_or_not_or_cannot_be_told(
    asked: str, now: Fraction | None, before: Fraction | None, met: bool | None
) -> None:
    assert is_met(condition(asked), Reading(now, before)) is met


@pytest.mark.parametrize(
    ("figures", "currency", "expected"),
    [
        pytest.param((Money({USD: Fraction(1050)}), Money({})), None, (Fraction(21, 2), 0), id="its only currency"),
        pytest.param((Money({USD: Fraction(1), EUR: Fraction(1)}), Money({})), None, (None, 0), id="two currencies"),
        pytest.param(
            (Money({USD: Fraction(1), EUR: Fraction(9)}), Money({})), "eur", (Fraction(9, 100), 0), id="named"
        ),
        pytest.param((Ratio(Fraction(1, 3)), Ratio(None)), None, (Fraction(1, 3), None), id="a rate"),
        pytest.param((4, 0), None, (4, 0), id="a count"),
        pytest.param((Money({}, undefined=True), Money({})), None, (None, 0), id="undefined"),
    ],
)
def test_figures_are_read_in_what_people_read(
    figures: tuple[Figure, Figure], currency: str | None, expected: Sequence[object]
) -> None:
    reading = reading_of(condition("mrr above 1", **({"currency": currency} if currency else {})), *figures)
    assert (reading.now, reading.before) == tuple(expected)


@pytest.mark.parametrize(
    ("asked", "reading", "said"),
    [
        (
            "mrr falls_by 5",
            Reading(Fraction(938), Fraction(1000), "usd"),
            "mrr fell by 6.2 % over 7 days, from 1000 usd to 938 usd; the limit is 5 %",
        ),
        ("failed_payments above 3", Reading(Fraction(4), None), "failed payments is 4 over 7 days, above 3"),
    ],
)
def test_the_message_tells_the_metric_and_the_limit(asked: str, reading: Reading, said: str) -> None:
    assert told(condition(asked), reading) == said


def test_a_change_compares_with_as_many_days_before_in_the_project_s_zone() -> None:
    before, current = periods_of(condition("mrr falls_by 5"), datetime(2026, 3, 1, 23, 30, tzinfo=UTC), "Asia/Tokyo")
    assert (str(current.first), str(current.last)) == ("2026-02-24", "2026-03-02")
    assert (str(before.first), str(before.last)) == ("2026-02-17", "2026-02-23")


RULE = MetricRule("acme", "rule_1", "Payments", condition("failed_payments above 3"), "high", True)
MET, UNMET, UNKNOWN = Reading(Fraction(9), None), Reading(Fraction(0), None), Reading(None, None)


def lived_through(*steps: tuple[int, Reading | str]) -> list[tuple[str, str]]:
    """The ids and states that a rule's signals go through: readings and decisions at these hours."""
    held: SignalRecord | None = None
    states: list[tuple[str, str]] = []
    for hours, step in steps:
        now = NOW + timedelta(hours=hours)
        if isinstance(step, str):
            assert held is not None
            changed: SignalRecord | None = decided(held, step, now, now + timedelta(hours=1))
        else:
            changed = after(RULE, held, step, now)
        if changed is not None:
            held = changed
            states.append((changed.id, changed.status))
    return states


@pytest.mark.parametrize(
    ("steps", "states", "signals"),
    [
        pytest.param([(0, UNMET)], [], 0, id="never met"),
        pytest.param([(0, MET), (1, MET), (2, MET)], ["open"], 1, id="met all the time: one opening"),
        pytest.param([(0, MET), (1, UNKNOWN)], ["open"], 1, id="no data resolves nothing"),
        pytest.param([(0, UNKNOWN)], [], 0, id="no data opens nothing"),
        pytest.param([(0, MET), (1, UNMET)], ["open", "resolved"], 1, id="over"),
        pytest.param([(0, MET), (1, UNMET), (2, MET)], ["open", "resolved", "open"], 1, id="soon again: the same"),
        pytest.param([(0, MET), (1, UNMET), (30, MET)], ["open", "resolved", "open"], 2, id="much later: a new one"),
        pytest.param([(0, MET), (1, "acknowledge"), (2, MET)], ["open", "acknowledged"], 1, id="acknowledged"),
        pytest.param([(0, MET), (1, "snooze"), (3, MET)], ["open", "snoozed", "open"], 1, id="a snooze ends"),
        pytest.param([(0, MET), (1, "snooze"), (1, MET)], ["open", "snoozed"], 1, id="a snooze lasts"),
        pytest.param([(0, MET), (1, "snooze"), (2, UNMET)], ["open", "snoozed", "resolved"], 1, id="over meanwhile"),
    ],
)
def test_a_signal_lives_as_all_do(steps: list[tuple[int, Reading | str]], states: list[str], signals: int) -> None:
    lived = lived_through(*steps)
    assert [status for _, status in lived] == states
    assert len({signal for signal, _ in lived}) == signals
    assert lived == lived_through(*steps)


async def set_standing(api: Api, as_of: datetime) -> None:
    connection = await asyncpg.connect(api.database_url)
    await connection.execute(
        "INSERT INTO read_model_state (as_of, seen_at, lag) VALUES ($1, now(), 0)"
        " ON CONFLICT (only_row) DO UPDATE SET as_of = excluded.as_of",
        as_of,
    )
    await connection.close()


def failures(count: int, at: datetime) -> list[Delivered]:
    return [
        event_delivery(
            stripe_record("invoice.payment_failed", failed_invoice(1, f"in_{n}"), event_id=f"evt_{n}", at=at)
        )
        for n in range(count)
    ]


async def published(sender: FakeSender, opened: Database) -> list[SignalRecord]:
    """What goes to the topic, in order; the read model holds it then."""
    await publish(opened, sender)
    records = [decode(sent.value or b"", SignalRecord) for sent in sender.sent]
    assert {sent.topic for sent in sender.sent} <= {CHURN_SIGNALS.name}
    sender.sent.clear()
    return records


async def test_a_rule_is_evaluated_published_decided_and_resolved(
    api: Api, opened: Database, sender: FakeSender
) -> None:
    now = datetime.now(UTC)
    made = await api.post(
        RULES, {"name": "Payments", "condition": {"metric": "failed_payments", "comparison": "above", "value": "2"}}
    )
    await set_standing(api, now)
    await api.holds(*failures(3, now))
    await evaluate_all(opened, lambda: now)
    await evaluate_all(opened, lambda: now + timedelta(minutes=1))
    (signal,) = await published(sender, opened)
    assert (signal.rule, signal.status, signal.severity) == ("metric_threshold", "open", "high")
    assert signal.message == "Payments: failed payments is 3 over 7 days, above 2"
    assert (await api.get(RULES)).content["data"][0]["value"] == "3"

    from tests.api.builders import signal_delivery

    await api.holds(signal_delivery(signal))
    answer = await api.post(f"/api/alerts/{signal.id}/acknowledge", {})
    assert (answer.status, answer.field("status")) == (200, "acknowledged")
    assert (await api.delete(f"{RULES}/{made.field('id')}")).status == 204
    (resolved,) = await published(sender, opened)
    assert (resolved.id, resolved.status, resolved.resolution) == (signal.id, "resolved", "withdrawn")


async def test_what_kafka_did_not_take_is_published_later(api: Api, opened: Database, sender: FakeSender) -> None:
    now = datetime.now(UTC)
    await api.post(RULES, {"name": "r", "condition": {"metric": "mrr", "comparison": "below", "value": "1"}})
    await set_standing(api, now)
    await evaluate_all(opened, lambda: now)
    sender.is_away = True
    with pytest.raises(KafkaUnavailable):
        await publish(opened, sender)
    sender.is_away = False
    assert [each.status for each in await published(sender, opened)] == ["open"]
    assert await published(sender, opened) == []


async def test_a_read_model_that_is_behind_changes_nothing(api: Api, opened: Database, sender: FakeSender) -> None:
    now = datetime.now(UTC)
    await api.post(RULES, {"name": "r", "condition": {"metric": "mrr", "comparison": "below", "value": "1"}})
    await evaluate_all(opened, lambda: now)
    await set_standing(api, now - timedelta(minutes=6))
    await evaluate_all(opened, lambda: now)
    assert await published(sender, opened) == []


async def test_a_rule_that_is_disabled_or_asks_something_else_withdraws_its_signal(
    api: Api, opened: Database, sender: FakeSender
) -> None:
    now = datetime.now(UTC)
    await set_standing(api, now)
    for change in ({"enabled": False}, {"condition": {"metric": "mrr", "comparison": "below", "value": "-1"}}):
        made = await api.post(RULES, {"name": "r", "condition": {"metric": "mrr", "comparison": "below", "value": "1"}})
        await evaluate_all(opened, lambda: now)
        assert [each.status for each in await published(sender, opened)] == ["open"]
        assert (await api.patch(f"{RULES}/{made.field('id')}", change)).status == 200
        assert [each.resolution for each in await published(sender, opened)] == ["withdrawn"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"metric": "happiness", "comparison": "above", "value": "1"}, "condition.metric"),
        ({"metric": "mrr", "comparison": "above", "value": "lots"}, "condition.value"),
        ({"metric": "mrr", "comparison": "falls_by", "value": "-5"}, "condition.value"),
        ({"metric": "mrr", "comparison": "near", "value": "5"}, "condition.comparison"),
        ({"metric": "mrr", "comparison": "above", "value": "5", "days": 0}, "condition.days"),
    ],
)
async def test_what_no_metric_can_answer_is_refused(api: Api, asked: dict[str, object], field: str) -> None:
    answer = await api.post(RULES, {"name": "r", "condition": asked})
    assert is_problem(answer, 400, "invalid_body")
    assert answer.content["errors"][0]["field"] == field


async def test_another_project_s_rules_are_not_found(api: Api, other_project: str) -> None:
    made = await api.post(RULES, {"name": "r", "condition": {"metric": "mrr", "comparison": "below", "value": "1"}})
    other = await api.as_project(other_project)
    path = f"{RULES}/{made.field('id')}"
    assert (await other.patch(path, {})).status == (await other.delete(path)).status == 404
    assert (await other.get(RULES)).field("data") == []
