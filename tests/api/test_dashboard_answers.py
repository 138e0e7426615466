"""What the dashboard asks beside the rest: bridges by interval, figures of one currency, courses, previews."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
import time_machine

from services.api import previewing
from services.api.courses import at_ends
from services.api.queries.movements import Step
from tests.api.calling import Api, is_problem
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


@pytest.mark.parametrize(
    "set_",
    [{"base_currency": None}, {"base_currency": "usd", "policy": {"fx_mode": "lock"}}],
    ids=["no base currency", "locked rates"],
)
async def test_figures_of_segments_stand_beside_those_of_all(api: Api, set_: dict[str, object]) -> None:
    await api.holds(*deliveries(EXAMPLE))
    assert (await api.call("PATCH", SETTINGS, json=set_)).status == 200
    path = f"/api/metrics?{FEBRUARY}&compare=previous_period"
    with time_machine.travel(AS_OF):
        whole = (await api.get(path)).content
        told = [(await api.get(f"{path}&segment={name}")).content for name in ("growth", "starter")]
        (bridge,) = (await api.get(f"{WATERFALL}&segment=growth")).field("bridges")
        sizes = {one["segment"]: one["clients"] for one in (await api.get("/api/segments")).field("data")}
    assert [one["metrics"] for one in told] == [whole["metrics"]] * 2
    assert "segment" not in whole
    growth, starter = (one["segment"] for one in told)
    for name in ("mrr", "arr", "revenue_at_risk"):
        parts = [Decimal(each["metrics"][name]["amount"]) for each in (growth, starter)]
        assert sum(parts) == Decimal(whole["metrics"][name]["amount"]), name
    assert (growth["clients"], starter["clients"]) == (sizes["growth"], sizes["starter"])
    assert growth["metrics"]["end"]["amount"] == bridge["end"]["amount"]
    assert growth["comparison"]["mrr"] == growth["metrics"]["start"]


async def test_figures_of_a_segment_can_be_of_one_currency(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    path = f"/api/metrics?{FEBRUARY}&segment=growth"
    with time_machine.travel(AS_OF):
        usd = (await api.get(f"{path}&currency=usd")).field("segment")
        eur = (await api.get(f"{path}&currency=eur")).field("segment")
        both = (await api.get(path)).field("segment")
    assert usd == both
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


async def test_a_preview_goes_on_where_the_one_before_ended(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.holds(*deliveries(EXAMPLE))
    change: dict[str, object] = {"preset": "stripe"}
    with time_machine.travel(AS_OF, tick=False):
        whole = (await api.call("POST", f"{SETTINGS}/preview", json=change)).content
        monkeypatch.setattr(previewing, "AT_ONCE", 1)
        monkeypatch.setattr(previewing, "MOST_SECONDS", 0.0)
        told = [(await api.call("POST", f"{SETTINGS}/preview", json=change)).content]
        while cursor := told[-1]["next_cursor"]:
            told.append((await api.call("POST", f"{SETTINGS}/preview", json={**change, "cursor": cursor})).content)
    assert [one["looked_at"] for one in told[:-1]] == list(range(1, whole["customers"] + 1))
    assert [one["complete"] for one in told] == [*[False] * whole["customers"], True]
    assert told[-1] == whole


async def test_a_previews_cursor_is_good_for_its_change_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.holds(*deliveries(EXAMPLE))
    monkeypatch.setattr(previewing, "AT_ONCE", 1)
    monkeypatch.setattr(previewing, "MOST_SECONDS", 0.0)
    cursor = (await api.call("POST", f"{SETTINGS}/preview", json={"preset": "stripe"})).field("next_cursor")
    for changed in ({"preset": "chartmogul", "cursor": cursor}, {"preset": "stripe", "cursor": "none"}):
        assert is_problem(await api.call("POST", f"{SETTINGS}/preview", json=changed), 400, "invalid_body")
    await api.call("PATCH", SETTINGS, json={"policy": {"include_trials": True}})
    again = await api.call("POST", f"{SETTINGS}/preview", json={"preset": "stripe", "cursor": cursor})
    assert is_problem(again, 400, "invalid_body")


async def test_a_preview_refuses_an_option_that_there_is_not(api: Api) -> None:
    answer = await api.call("POST", f"{SETTINGS}/preview", json={"policy": {"include_everything": True}})
    assert answer.status == 400
