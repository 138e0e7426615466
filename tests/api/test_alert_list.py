"""The list of signals: each filter, and days in the project's own time zone."""

import pytest

from tests.api.builders import signal_delivery, signal_record
from tests.api.calling import Api, is_problem


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["sig_b", "sig_a"]),
        ("status=open", ["sig_b"]),
        ("status=resolved", ["sig_a"]),
        ("client=acme", ["sig_a"]),
        ("rule=payment_failed", ["sig_b", "sig_a"]),
        ("rule=canceled", []),
        ("severity=low", []),
        ("from=2026-03-01&to=2026-03-01", ["sig_b", "sig_a"]),
        ("from=2026-03-02", []),
        ("to=2026-02-28", []),
    ],
)
async def test_signals_are_filtered(api: Api, query: str, found: list[str]) -> None:
    await api.holds(
        signal_delivery(signal_record("sig_a", client="acme", status="resolved")),
        signal_delivery(signal_record("sig_b")),
    )
    answer = await api.get(f"/api/alerts?{query}")
    assert sorted(each["id"] for each in answer.field("data")) == sorted(found)


async def test_a_day_is_the_project_s(api: Api) -> None:
    await api.holds(signal_delivery(signal_record()))  # opened at 12:00 UTC on March 1st
    await api.patch("/api/integrations/stripe/settings", {"timezone": "Pacific/Kiritimati"})
    days = ("2026-03-01", "2026-03-02")
    found = [len((await api.get(f"/api/alerts?from={day}&to={day}")).field("data")) for day in days]
    assert found == [0, 1]


@pytest.mark.parametrize("query", ["from=yesterday", "to=9999-12-31", "status=new"])
async def test_what_is_no_filter_is_refused(api: Api, query: str) -> None:
    assert is_problem(await api.get(f"/api/alerts?{query}"), 400, "invalid_query")
