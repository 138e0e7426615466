"""What the dashboard asks beside the rest: bridges by interval, figures of one currency, courses, previews."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
import time_machine

from services.api.courses import at_ends
from services.api.queries.movements import Step
from tests.api.calling import Api
from tests.api.test_metrics_page import EXAMPLE
from tests.api.test_movements import FEBRUARY, holds
from tests.api.told_scenario import deliveries
from tests.domain.test_metrics import example

AS_OF = datetime(2025, 2, 28, 23, tzinfo=UTC)
WATERFALL = f"/api/mrr/waterfall?{FEBRUARY}"
SETTINGS = "/api/integrations/stripe/settings"
WEEKS = [AS_OF + timedelta(weeks=number) for number in range(3)]


@pytest.mark.parametrize("interval", ["day", "week", "month"])
async def test_what_moved_in_the_intervals_is_what_moved_in_the_period(api: Api, interval: str) -> None:
    await holds(api, example())
    told = (await api.get(f"{WATERFALL}&interval={interval}&currency=usd")).content
    (whole,) = told["bridges"]
    moved = [one for each in told["intervals"] for one in each["moved"]]
    for kind in ("new", "expansion", "contraction", "churn", "reactivation"):
        parts = sum((Decimal(one[kind]) for one in moved if kind in one), Decimal(0))
        assert parts == Decimal(whole[kind]["amount"]), kind


async def test_without_an_interval_the_bridge_is_not_cut(api: Api) -> None:
    await holds(api, example())
    assert "intervals" not in (await api.get(WATERFALL)).content
    assert (await api.get(f"{WATERFALL}&currency=eur")).field("bridges") == []


async def test_the_bridges_of_the_segments_add_up_to_the_whole(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    with time_machine.travel(AS_OF):
        whole = (await api.get(WATERFALL)).field("bridges")
        parts = [(await api.get(f"{WATERFALL}&segment={name}")).field("bridges") for name in ("growth", "starter")]
    # Who has churned is in no segment any more, so only the end is shared out.
    ends = sum((Decimal(one["end"]["amount"]) for part in parts for one in part), Decimal(0))
    assert ends == sum((Decimal(one["end"]["amount"]) for one in whole), Decimal(0))


async def test_figures_of_one_currency_leave_the_others_out(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    with time_machine.travel(AS_OF):
        whole = (await api.get(f"/api/metrics?{FEBRUARY}&compare=previous_period")).content
        usd = (await api.get(f"/api/metrics?{FEBRUARY}&compare=previous_period&currency=USD")).content
        eur = (await api.get(f"/api/metrics?{FEBRUARY}&currency=eur")).content
    assert usd["metrics"] == whole["metrics"]
    assert usd["comparison"] == whole["comparison"]
    assert (eur["metrics"]["mrr"]["amount"], eur["metrics"]["growth_rate"]) == ("0.00", None)


async def test_an_earlier_period_tells_what_there_was_when_it_ended(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    with time_machine.travel(AS_OF):
        told = (await api.get(f"/api/metrics?{FEBRUARY}&compare=previous_period")).content
    then = told["comparison"]["metrics"]
    assert then["mrr"] == then["end"] == told["metrics"]["start"]
    assert Decimal(then["arr"]["amount"]) == 12 * Decimal(then["mrr"]["amount"])
    assert then["revenue_at_risk"]["amount"] == "0.00"


async def test_clients_tell_their_course_where_it_is_asked_for(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    with time_machine.travel(AS_OF):
        rows = (await api.get("/api/clients?course=true")).field("data")
        plain = (await api.get("/api/clients")).field("data")
    assert all("course" not in row for row in plain)
    for row in rows:
        course = row["course"]
        assert len(course["values"]) == 12
        assert course["values"][-1] == row["mrr_by_currency"].get(course["currency"], "0.00")


def step(week: float, before: int, after: int) -> Step:
    return Step("a", "usd", AS_OF + timedelta(weeks=week), Fraction(before), Fraction(after))


@pytest.mark.parametrize(
    ("steps", "values"),
    [
        ([], [7, 7, 7]),
        ([step(1, 3, 7)], [3, 7, 7]),
        ([step(0.5, 1, 2), step(1.5, 2, 7)], [1, 2, 7]),
        ([step(1.2, 5, 0), step(1.4, 0, 7)], [5, 5, 7]),
    ],
    ids=["nothing moved", "on the hour", "each week", "twice in a week"],
)
def test_a_course_is_what_there_was_at_each_end(steps: list[Step], values: list[int]) -> None:
    assert at_ends(steps, WEEKS, Fraction(7)) == [Fraction(value) for value in values]


async def test_a_preview_says_what_a_policy_would_do_and_changes_nothing(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    with time_machine.travel(AS_OF):
        told = (await api.call("POST", f"{SETTINGS}/preview", json={"preset": "stripe"})).content
    assert (told["before"]["amount"], told["after"]["amount"]) == ("340.00", "220.00")
    (why,) = told["because"]
    assert (why["rule"], why["instead_of"], why["difference"]["amount"]) == (
        "cancellation_requested",
        "counted",
        "-120.00",
    )
    assert (told["changed"], told["complete"]) == (1, True)
    assert (await api.get(SETTINGS)).field("preset") == "default"


async def test_a_preview_refuses_an_option_that_there_is_not(api: Api) -> None:
    answer = await api.call("POST", f"{SETTINGS}/preview", json={"policy": {"include_everything": True}})
    assert answer.status == 400
