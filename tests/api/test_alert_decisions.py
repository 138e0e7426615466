"""What people make of signals over HTTP, as far as the topic that the alerts service follows."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.wire.activity import SignalDecision
from libs.wire.codec import decode
from libs.wire.topics import CLIENT_ACTIVITY
from tests.api.builders import client_delivery, client_record, signal_delivery, signal_record
from tests.api.calling import Api, FakeSender, is_problem

DECISIONS = {"acknowledge": ({}, "acknowledged"), "snooze": ({"hours": 4}, "snoozed"), "reopen": ({}, "open")}


@pytest.mark.parametrize("verdict", DECISIONS)
async def test_a_decision_is_published_with_the_client_s_activity(api: Api, sender: FakeSender, verdict: str) -> None:
    body, status = DECISIONS[verdict]
    await api.holds(client_delivery(client_record()), signal_delivery(signal_record()))
    told = await api.post(f"/api/alerts/sig_1/{verdict}", body)
    assert (told.status, told.field("id"), told.field("status")) == (200, "sig_1", status)
    [sent] = sender.sent
    record = decode(sent.value or b"", SignalDecision)
    assert (sent.topic, sent.key) == (CLIENT_ACTIVITY.name, f"acme/{record.client}".encode())
    assert (record.signal, record.verdict, record.id) == ("sig_1", verdict, told.field("decision"))
    assert (record.until is not None) == (verdict == "snooze")


async def test_one_signal_is_shown(api: Api) -> None:
    await api.holds(signal_delivery(signal_record()))
    assert (await api.get("/api/alerts/sig_1")).field("rule") == "payment_failed"
    assert is_problem(await api.get("/api/alerts/sig_2"), 404, "not_found")


async def test_another_project_s_signal_is_none(api: Api, sender: FakeSender) -> None:
    await api.holds(signal_delivery(signal_record()))
    theirs = await api.post("/api/projects", {"name": "Beta"})
    answer = await api.with_key(theirs.field("key")).post("/api/alerts/sig_1/acknowledge", {})
    assert is_problem(answer, 404, "not_found")
    assert sender.sent == []


async def test_nothing_is_left_to_decide_of_a_resolved_one(api: Api) -> None:
    await api.holds(signal_delivery(signal_record(status="resolved")))
    assert is_problem(await api.post("/api/alerts/sig_1/acknowledge", {}), 409, "signal_resolved")


async def test_a_decision_that_kafka_does_not_take_is_none(api: Api, sender: FakeSender) -> None:
    await api.holds(signal_delivery(signal_record()))
    sender.is_away = True
    assert is_problem(await api.post("/api/alerts/sig_1/acknowledge", {}), 503, "not_now")


BAD = {
    "neither": {},
    "both": {"until": "2126-01-01T00:00:00Z", "hours": 1},
    "passed": {"until": "2020-01-01T00:00:00Z"},
    "too far": {"until": (datetime.now(UTC) + timedelta(days=400)).isoformat()},
    "without a zone": {"until": "2126-01-01T00:00:00"},
    "no hours": {"hours": 0},
    "something else": {"hours": 1, "rain": True},
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
async def test_a_snooze_needs_a_time(api: Api, body: dict[str, object]) -> None:
    await api.holds(signal_delivery(signal_record()))
    assert is_problem(await api.post("/api/alerts/sig_1/snooze", body), 400, "invalid_body")
