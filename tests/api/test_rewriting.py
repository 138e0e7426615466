"""A change of policy or zone rewrites the ledger beside the one that is shown, and shows it when it is done."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from libs.cli.history import history_of
from libs.domain.policy import policy_of
from services.api.rewriting import counting, is_alike, rewrite_some
from tests.api.builders import movement_delivery, movement_record
from tests.api.calling import Api
from tests.api.test_metrics_page import EXAMPLE, PERIOD, plain
from tests.api.told_scenario import Json, deliveries, scenario_of

SETTINGS = "/api/integrations/stripe/settings"
AS_OF = datetime(2025, 2, 28, 23, tzinfo=UTC)


async def rewritten(api: Api) -> int:
    """Rewrite until nothing is left to do; gives the number of steps."""
    steps = 0
    while await rewrite_some(api.parts.database, AS_OF, at_once=2):
        steps += 1
    return steps


def under(preset: str) -> Json:
    return {**EXAMPLE, "policy": {"preset": preset}}


async def entries(api: Api) -> list[dict[str, Any]]:
    found = (await api.get("/api/mrr/movements?limit=1000")).field("data")
    return sorted(({**one, "recorded_at": None, "caused_by": None} for one in found), key=lambda one: one["id"])


async def told_afresh(api: Api, content: Json) -> list[dict[str, Any]]:
    """What another project says to which only the new policy was ever known."""
    other = await api.as_project("fresh")
    records = [movement_record(one, project="fresh") for one in history_of(scenario_of(content)).movements]
    await other.holds(*map(movement_delivery, records))
    return await entries(other)


@pytest.mark.parametrize("preset", ["stripe", "chartmogul", "profitwell"])
async def test_history_is_as_if_the_new_preset_had_always_held(api: Api, preset: str) -> None:
    await api.holds(*deliveries(EXAMPLE))
    assert await rewritten(api) == 0
    await api.patch(SETTINGS, {"preset": preset})
    shown = await entries(api)
    assert await rewrite_some(api.parts.database, AS_OF, at_once=2)
    assert await entries(api) == shown
    assert await rewritten(api) > 1
    expected = await told_afresh(api, under(preset))
    assert [{**one, "client": ""} for one in await entries(api)] == [{**one, "client": ""} for one in expected]


async def test_progress_is_told_with_the_figures(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    await rewritten(api)
    await api.patch(SETTINGS, {"preset": "stripe"})
    for _ in range(2):
        await rewrite_some(api.parts.database, AS_OF, at_once=2)
    assert (await api.get("/api/metrics")).field("recounting") == {"clients_done": 2, "clients_total": 7}
    assert (await api.get(SETTINGS)).field("recounting", "clients_done") == 2
    await rewritten(api)
    assert "recounting" not in (await api.get("/api/metrics")).content


async def test_what_is_told_meanwhile_is_in_both(api: Api) -> None:
    records = deliveries(EXAMPLE)
    await api.holds(*records)
    await rewritten(api)
    await api.patch(SETTINGS, {"preset": "stripe"})
    for _ in range(3):
        await rewrite_some(api.parts.database, AS_OF, at_once=2)
    await api.holds(*records)
    await rewritten(api)
    told = await told_afresh(api, under("stripe"))
    assert {one["id"] for one in told} <= {one["id"] for one in await entries(api)}


async def test_another_zone_has_other_days(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    await rewritten(api)
    before = (await api.get(f"/api/metrics?{PERIOD}")).field("metrics")
    await api.patch(SETTINGS, {"timezone": "Pacific/Kiritimati"})  # 14 hours ahead: noon is the next day
    assert await rewritten(api) > 0
    answer = await api.get("/api/metrics/new?from=2025-02-11&to=2025-02-11")
    assert [plain(one["value"]) for one in answer.field("points")] == ["30.00"]
    shifted = (await api.get("/api/metrics?from=2025-02-02&to=2025-03-01")).field("metrics")
    names = ("new", "churn", "net_revenue_retention", "subscriber_churn_rate", "revenue", "trials_ended")
    assert {name: shifted[name] for name in names} == {name: before[name] for name in names}


RATES = {"base_currency": "usd", "fx": [{"currency": "eur", "rate": "1.1", "date": "2025-01-31"}]}


@pytest.mark.parametrize(
    ("change", "alike"),
    [
        pytest.param({}, True, id="nothing"),
        pytest.param({"churn_formula": "daily_sum"}, True, id="how figures are told"),
        pytest.param({"include_trials": True}, False, id="what counts"),
        pytest.param({"fx": [*RATES["fx"], {"currency": "eur", "rate": "1.2", "date": "2025-02-28"}]}, True,
                     id="a rate of a day that is open"),
        pytest.param({"fx": [*RATES["fx"], {"currency": "eur", "rate": "1.2", "date": "2025-02-01"}]}, False,
                     id="a rate of a day that is closed"),
        pytest.param({"fx": {"eur": "1.3"}}, False, id="a rate of all days"),
    ],
)  # fmt: skip
def test_what_asks_for_another_ledger(change: dict[str, object], alike: bool) -> None:
    before, after = policy_of("default", RATES), policy_of("default", RATES | change)
    assert is_alike(counting(before), counting(after), date(2025, 2, 25)) is alike
