"""Today's MRR under every preset, with what makes each differ."""

from datetime import UTC, datetime

import time_machine

from services.api.defining import define_due
from tests.api.calling import Answer, Api
from tests.api.test_metrics_page import EXAMPLE
from tests.api.told_scenario import deliveries

AS_OF = datetime(2025, 2, 28, 23, tzinfo=UTC)
LATER = datetime(2025, 3, 6, tzinfo=UTC)
PATH = "/api/mrr/definitions"


async def told(api: Api, at: datetime = AS_OF) -> Answer:
    while await define_due(api.parts.database, at, at_once=3):
        pass
    with time_machine.travel(at):
        return await api.get(PATH)


def by_preset(answer: Answer) -> dict[str, object]:
    return {one["preset"]: one["mrr"]["amount"] for one in answer.field("presets")}


async def test_each_preset_has_its_own_sum_and_says_why(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    answer = await told(api)
    assert by_preset(answer) == {
        "default": "340.00", "stripe": "220.00", "chartmogul": "340.00", "baremetrics": "340.00",
        "profitwell": "340.00",
    }  # fmt: skip
    stripe = next(one for one in answer.field("presets") if one["preset"] == "stripe")
    (why,) = stripe["because"]
    assert (why["rule"], why["instead_of"], why["subscriptions"]) == ("cancellation_requested", "counted", 1)
    assert why["difference"]["amount"] == "-120.00"


async def test_the_subscriptions_that_differ_are_named(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    (one,) = (await told(api)).field("data")
    assert (one["subscription"], one["mrr"]["default"]["amount"]) == ("sub_b", "120.00")
    assert (one["mrr"]["stripe"]["amount"], one["rules"]["stripe"]) == ("0.00", "cancellation_requested")


async def test_who_is_not_told_yet_is_counted(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    assert (await api.get(PATH)).field("pending") == 7
    assert (await told(api)).field("pending") == 0


async def test_the_clock_changes_it(api: Api) -> None:
    """The cancellation that was asked for comes into force."""
    await api.holds(*deliveries(EXAMPLE))
    await told(api)
    answer = await told(api, LATER)
    assert by_preset(answer)["default"] == "220.00"
    assert answer.field("data") == []


async def test_the_same_again_changes_nothing(api: Api) -> None:
    for _ in range(2):
        await api.holds(*deliveries(EXAMPLE))
        answer = await told(api)
    assert by_preset(answer)["stripe"] == "220.00"


async def test_new_rates_hold_at_once(api: Api) -> None:
    """What is kept is in each subscription's own currency; it is turned into the base currency when it is asked for."""
    await api.holds(*deliveries(EXAMPLE))
    await told(api)
    assert (await api.patch("/api/integrations/stripe/settings", {"base_currency": "eur"})).status == 200
    for rate, amount in (("0.5", "170.00"), ("0.25", "85.00")):
        rates = {"rates": [{"currency": "usd", "rate": rate}]}
        assert (await api.put("/api/fx-rates", rates)).status == 200
        with time_machine.travel(AS_OF):
            answer = await api.get(PATH)
        assert answer.field("pending") == 0
        assert by_preset(answer)["default"] == amount
        assert {one["mrr"]["currency"] for one in answer.field("presets")} == {"eur"}
