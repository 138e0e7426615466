"""docs/metrics.md: its example is run, through `simulate` and through the tables behind the API."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
import pytest
import time_machine

from libs.cli.simulation import simulate
from tests.api.builders import signal_delivery, signal_record
from tests.api.calling import Api
from tests.api.told_scenario import Json, deliveries, scenario_of
from tests.source_tree import ROOT

PAGE = (ROOT / "docs" / "metrics.md").read_text()
EXAMPLE: Json = orjson.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
VALUES = dict(re.findall(r"^\| `(\w+)` \| (-?[\d.]+) \|", PAGE, re.MULTILINE))
COHORTS = re.findall(r"^\| (\d{4}-\d\d) \| (\d+) \| ([\d.]+) \| ([\d.]+) \|", PAGE, re.MULTILINE)
PERIOD = "from=2025-02-01&to=2025-02-28"
AS_OF = datetime(2025, 2, 28, 23, tzinfo=UTC)


def plain(value: object) -> str:
    return str(value.get("amount", value) if isinstance(value, Mapping) else value)


def cohorts(metrics: Mapping[str, object]) -> list[tuple[str, ...]]:
    told = metrics["cohorts"]
    assert isinstance(told, list)
    return [tuple(str(value) for value in one.values()) for one in told]


async def held(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE), signal_delivery(signal_record("sig_b", client="customer:cus_b")))


@pytest.fixture(scope="module")
def simulated() -> Mapping[str, object]:
    metrics = simulate(scenario_of(EXAMPLE))["metrics"]
    assert isinstance(metrics, dict)
    return metrics


def test_the_page_has_an_example_of_every_metric(simulated: Mapping[str, object]) -> None:
    assert simulated.keys() - VALUES.keys() == {"cohorts"}


@pytest.mark.parametrize("name", VALUES)
def test_what_the_page_says_is_what_simulate_says(name: str, simulated: Mapping[str, object]) -> None:
    assert plain(simulated[name]) == VALUES[name]


def test_the_pages_cohorts_are_those_of_simulate(simulated: Mapping[str, object]) -> None:
    assert cohorts(simulated) == COHORTS


async def test_the_api_says_the_same(api: Api) -> None:
    await held(api)
    with time_machine.travel(AS_OF, tick=True):
        metrics = (await api.get(f"/api/metrics?{PERIOD}")).field("metrics")
    assert {name: plain(metrics[name]) for name in VALUES} == VALUES
    assert cohorts(metrics) == COHORTS


PRESENT_ONLY = {"active_subscriptions", "customers", "revenue_at_risk", "scheduled_churn"}


async def test_a_series_of_one_month_says_it_too(api: Api) -> None:
    await held(api)
    told: dict[str, str] = {}
    for name in VALUES.keys() - PRESENT_ONLY:
        (point,) = (await api.get(f"/api/metrics/{name}?{PERIOD}&interval=month")).field("points")
        told[name] = plain(point["value"])
    assert told == {name: value for name, value in VALUES.items() if name not in PRESENT_ONLY}


async def test_any_delivery_order_gives_the_same_figures(api: Api) -> None:
    records = deliveries(EXAMPLE)
    for one in (*reversed(records), *records):
        await api.holds(one)
    told = (await api.get(f"/api/metrics?{PERIOD}")).field("metrics")
    names = ("revenue", "failed_payments", "new_trials", "trials_ended", "net_revenue_retention", "end")
    assert {name: plain(told[name]) for name in names} == {name: VALUES[name] for name in names}
