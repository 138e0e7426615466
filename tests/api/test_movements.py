"""The ledger over HTTP: its entries page by page, the bridge of a period, metrics that follow from it."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from libs.wire.records import MovementRecord
from tests.api.builders import client_delivery, client_record, movement_delivery, movement_record, undone
from tests.api.calling import Api
from tests.domain.test_metrics import Account, example, on

FEBRUARY = "from=2025-02-01&to=2025-02-28"
SETTINGS = "/api/integrations/stripe/settings"


async def holds(api: Api, account: Account, *more: MovementRecord) -> None:
    account.movements.sort(key=lambda movement: movement.occurred_at)
    records = [movement_record(movement) for movement in account.movements]
    await api.holds(*map(movement_delivery, (*records, *more)))


def line(entry: dict[str, Any]) -> str:
    return f"{entry['date']} {entry['client']} {entry['kind']} {entry['amount']['amount']}"


async def test_entries_are_told_newest_first_page_by_page(api: Api) -> None:
    await holds(api, example())
    seen: list[str] = []
    path = "/api/mrr/movements?limit=4"
    cursor: str | None = ""
    while cursor is not None:
        answer = await api.get(path + (f"&cursor={cursor}" if cursor else ""))
        seen += map(line, answer.field("data"))
        cursor = answer.field("next_cursor")
    assert len(seen) == 12
    assert seen[:3] == ["2025-02-20 f churn -10.00", "2025-02-13 f new 10.00", "2025-02-12 d reactivation 40.00"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("client=d", ["d/9", "d/4", "d/3"]),
        ("kind=churn", ["f/11", "c/7", "d/4"]),
        ("from=2025-02-04&to=2025-02-05", ["c/7", "b/6"]),
        ("currency=eur", []),
        ("currency=USD&client=b", ["b/6", "b/1"]),
    ],
)
async def test_entries_are_filtered(api: Api, query: str, ids: list[str]) -> None:
    await holds(api, example())
    answer = await api.get(f"/api/mrr/movements?{query}")
    assert [each["id"] for each in answer.field("data")] == ids


async def test_an_entry_tells_all_of_the_contract(api: Api) -> None:
    await holds(api, example())
    (entry,) = (await api.get("/api/mrr/movements?client=e")).field("data")
    shown = {name: {"amount": text, "currency": "usd"} for name, text in
             {"amount": "30.00", "before": "0.00", "after": "30.00"}.items()}  # fmt: skip
    expected = {**shown, "exact": "3000", "currency": "usd", "kind": "new", "occurred_at": "2025-02-10T12:00:00Z",
                "estimated": False, "caused_by": []}  # fmt: skip
    assert expected.items() <= entry.items()


async def test_an_entry_that_was_undone_is_in_no_figure(api: Api) -> None:
    account = example()
    await holds(api, account)
    last = movement_record(account.movements[-1])
    await api.holds(movement_delivery(msgspec.structs.replace(undone(last), revision=2)), movement_delivery(last))
    await api.holds(movement_delivery(msgspec.structs.replace(undone(last), revision=3)))
    answer = await api.get(f"/api/mrr/waterfall?{FEBRUARY}")
    assert answer.field("bridges")[0]["churn"]["amount"] == "-50.00"


async def test_the_bridge_of_a_period_adds_up(api: Api) -> None:
    await holds(api, example())
    (bridge,) = (await api.get(f"/api/mrr/waterfall?{FEBRUARY}")).field("bridges")
    shown = {name: bridge[name]["amount"] for name in ("start", "new", "expansion", "contraction", "churn", "end")}
    assert shown == {
        "start": "350.00", "new": "40.00", "expansion": "50.00", "contraction": "-80.00", "churn": "-60.00",
        "end": "340.00",
    }  # fmt: skip
    assert bridge["exact"]["reactivation"] == "4000"


async def test_metrics_of_a_period_follow_from_the_ledger(api: Api) -> None:
    await holds(api, example())
    await api.holds(*(client_delivery(client_record(name, exact={"usd": "8500"}, customers=(f"cus_{name}",)))
                      for name in "abde"))  # fmt: skip
    told = (await api.get(f"/api/metrics?{FEBRUARY}&compare=previous_period")).content
    metrics = told["metrics"]
    assert {name: metrics[name] for name in ("growth_rate", "subscriber_churn_rate", "gross_mrr_churn_rate",
                                             "net_mrr_churn_rate", "quick_ratio", "net_revenue_retention")} == {
        "growth_rate": "-0.028571", "subscriber_churn_rate": "0.400000", "gross_mrr_churn_rate": "0.400000",
        "net_mrr_churn_rate": "0.142857", "quick_ratio": "0.642857", "net_revenue_retention": "0.771429",
    }  # fmt: skip
    assert metrics["end"] == {"amount": "340.00", "currency": "usd", "exact": "34000"}
    assert metrics["ltv"]["amount"] == "212.50"  # 85.00 / 0.4
    assert told["comparison"]["period"] == {"from": "2025-01-01", "to": "2025-01-31"}
    assert told["comparison"]["metrics"]["start"]["amount"] == "0.00"


async def test_without_movements_everything_is_told_as_nothing(api: Api) -> None:
    metrics = (await api.get("/api/metrics")).field("metrics")
    assert (metrics["new"], metrics["growth_rate"], metrics["cohorts"]) == ({"by_currency": {}, "exact": {}}, None, [])


async def test_a_currency_without_a_rate_is_named(api: Api) -> None:
    assert (await api.patch(SETTINGS, {"base_currency": "usd"})).status == 200
    await holds(api, example().sets("g", 500, on(2, 21), "eur"))
    new = (await api.get(f"/api/metrics?{FEBRUARY}")).field("metrics", "new")
    assert new["by_currency"] == {"eur": "5.00", "usd": "40.00"}
    assert new["missing_rates"] == ["eur"]


async def test_days_are_the_projects(api: Api) -> None:
    assert (await api.patch(SETTINGS, {"timezone": "Europe/Berlin"})).status == 200
    await holds(api, Account().sets("a", 100, datetime(2025, 1, 31, 23, 30, tzinfo=UTC)))
    assert (await api.get("/api/mrr/movements?from=2025-02-01")).field("data")[0]["date"] == "2025-02-01"
    assert (await api.get(f"/api/metrics?{FEBRUARY}")).field("metrics", "new", "amount") == "1.00"
