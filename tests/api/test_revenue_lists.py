"""Lists over HTTP: subscriptions, renewals, trials, cancellations, plan changes, payments, cards, segments, series."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from services.api.read_model.projection import Delivered
from tests.api.builders import client_delivery, client_record, event_delivery, failed_invoice, stripe_record
from tests.api.calling import Api, is_problem
from tests.api.test_metrics_page import EXAMPLE, PERIOD
from tests.api.test_movements import holds
from tests.api.told_scenario import deliveries
from tests.domain.test_metrics import Account, on

AS_OF = datetime(2025, 2, 28, 23, tzinfo=UTC)


async def asked(api: Api, path: str) -> Any:
    await api.holds(*deliveries(EXAMPLE))
    with time_machine.travel(AS_OF):
        return (await api.get(path)).content


def subscriptions(content: Any) -> list[str]:
    return [one["subscription"] for one in content["data"]]


LISTS: dict[str, list[str]] = {
    "/api/subscriptions": ["sub_a", "sub_b", "sub_c", "sub_d", "sub_d2", "sub_e", "sub_f", "sub_g"],
    "/api/subscriptions?status=canceled": ["sub_c", "sub_d", "sub_f", "sub_g"],
    "/api/subscriptions?customer=cus_d": ["sub_d", "sub_d2"],
    "/api/subscriptions?client=customer:cus_b": ["sub_b"],
    "/api/subscriptions?plan=price_4000": ["sub_d", "sub_d2"],
    f"/api/trials?{PERIOD}": ["sub_g"],
    f"/api/cancellations?{PERIOD}": ["sub_b", "sub_f", "sub_g", "sub_c"],
    "/api/cancellations?scheduled=true": ["sub_b"],
    "/api/renewals?from=2025-02-01": [],
}


async def test_lists(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    with time_machine.travel(AS_OF):
        told = {path: subscriptions((await api.get(path)).content) for path in LISTS}
    assert told == LISTS


async def test_a_list_goes_on_where_its_page_ended(api: Api) -> None:
    first = await asked(api, "/api/subscriptions?limit=5")
    second = (await api.get(f"/api/subscriptions?limit=5&cursor={first['next_cursor']}")).content
    assert [*subscriptions(first), *subscriptions(second)] == sorted({*subscriptions(first), *subscriptions(second)})
    assert (len(second["data"]), second["next_cursor"]) == (3, None)


async def test_a_subscription_tells_what_it_adds(api: Api) -> None:
    (one,) = (await asked(api, "/api/subscriptions?customer=cus_b"))["data"]
    assert (one["mrr"]["amount"], one["counted"], one["status"]) == ("120.00", True, "active")
    assert one["ends_at"] == "2025-03-05T12:00:00Z"
    assert one["renews_at"] is None


async def test_cancellations_are_told_by_reason_and_feedback(api: Api) -> None:
    content = await asked(api, f"/api/cancellations?{PERIOD}&interval=month")
    (month,) = content["intervals"]
    told = {(one["reason"], one["feedback"]): (one["count"], one["mrr"]["amount"]) for one in month["reasons"]}
    assert told == {("payment_failure", None): (1, "-50.00"), ("cancellation", "unused"): (1, "-10.00")}


async def test_trials_are_counted(api: Api) -> None:
    content = await asked(api, f"/api/trials?{PERIOD}")
    assert content["counts"] == {
        "new_trials": 1, "trials_ended": 2, "converted": 1, "trial_conversion_rate": "0.500000"
    }  # fmt: skip


async def test_upgrades_and_downgrades(api: Api) -> None:
    (month,) = (await asked(api, f"/api/mrr/changes?{PERIOD}"))["intervals"]
    told = [(one["kind"], one["reason"], one["count"], one["mrr"]["amount"]) for one in month["changes"]]
    assert told == [("expansion", "plan_change", 1, "50.00"), ("contraction", "plan_change", 1, "-80.00")]


async def test_invoices_by_status(api: Api) -> None:
    content = await asked(api, f"/api/invoices?{PERIOD}")
    told = {one["status"]: (one["count"], one["amount_due"]["amount"]) for one in content["by_status"]}
    assert told == {"open": (1, "50.00"), "paid": (2, "270.00")}
    assert (content["paid"]["amount"], content["refunded"]["amount"]) == ("270.00", "20.00")


async def test_an_invoice_that_could_not_be_collected_is_listed_until_it_is_paid(api: Api) -> None:
    (one,) = (await asked(api, "/api/payments/failed"))["data"]
    assert (one["invoice"], one["attempts"], one["amount_due"]["amount"]) == ("in_1", 2, "50.00")
    paid = failed_invoice(2) | {"status": "paid", "amount_paid": 1000}
    await api.holds(event_delivery(stripe_record("invoice.paid", paid, event_id="evt_paid")))
    assert (await api.get("/api/payments/failed")).field("data") == []


def card(name: str, year: int, customer: str | None = "cus_1") -> Delivered:
    content: dict[str, object] = {"object": "payment_method", "id": name, "customer": customer}
    content["card"] = {"exp_month": 3, "exp_year": year}
    return event_delivery(stripe_record("payment_method.updated", content, event_id=f"evt_{name}"))


async def test_cards_that_expire(api: Api) -> None:
    await api.holds(card("pm_soon", 2025), card("pm_later", 2027), card("pm_gone", 2025, None))
    with time_machine.travel(AS_OF):
        (one,) = (await api.get("/api/cards/expiring")).field("data")
    assert one == {"card": "pm_soon", "customer": "cus_1", "expires_at": "2025-04-01T00:00:00Z"}


async def test_clients_are_in_segments_by_their_mrr(api: Api) -> None:
    amounts = {"c1": "150000", "c2": "100000", "c3": "99999", "c4": "10000", "c5": "1", "c6": "0"}
    await api.holds(*(client_delivery(client_record(name, exact={"usd": exact}, customers=(f"cus_{name}",)))
                      for name, exact in amounts.items()))  # fmt: skip
    told = {one["segment"]: one for one in (await api.get("/api/segments")).field("data")}
    assert {name: one["clients"] for name, one in told.items()} == {
        "enterprise": 2, "growth": 2, "starter": 1, "at_risk": 0
    }  # fmt: skip
    assert told["growth"]["mrr"]["amount"] == "1099.99"
    limits = {"enterprise": "1200", "growth": "50"}
    assert (await api.call("PUT", "/api/segments", json=limits)).content == limits
    again = {one["segment"]: one["clients"] for one in (await api.get("/api/segments")).field("data")}
    assert (again["enterprise"], again["growth"]) == (1, 3)


@pytest.mark.parametrize("limits", [{"enterprise": "10", "growth": "20"}, {"growth": "x"}, {"growth": "-1"}])
async def test_thresholds_that_make_no_sense_are_refused(api: Api, limits: dict[str, str]) -> None:
    assert is_problem(await api.call("PUT", "/api/segments", json=limits), 400, "invalid_body")


def values(content: Any) -> list[str]:
    return [one["value"]["amount"] if isinstance(one["value"], dict) else one["value"] for one in content["points"]]


async def test_a_series_by_week_begins_on_monday(api: Api) -> None:
    await holds(api, Account().sets("a", 100, on(2, 2)).sets("a", 300, on(2, 3)))
    content = (await api.get("/api/metrics/mrr?from=2025-01-30&to=2025-02-10&interval=week")).content
    assert [one["from"] for one in content["points"]] == ["2025-01-30", "2025-02-03", "2025-02-10"]
    assert values(content) == ["1.00", "3.00", "3.00"]


async def test_a_day_on_which_clocks_change_is_one_day(api: Api) -> None:
    await api.patch("/api/integrations/stripe/settings", {"timezone": "Europe/Berlin"})
    account = Account().sets("a", 100, datetime(2025, 3, 29, 23, 30, tzinfo=UTC))
    await holds(api, account.sets("b", 200, datetime(2025, 3, 30, 21, 59, tzinfo=UTC)))
    content = (await api.get("/api/metrics/new?from=2025-03-29&to=2025-03-31")).content
    assert values(content) == ["0.00", "3.00", "0.00"]


async def test_a_series_beside_the_one_of_the_year_before(api: Api) -> None:
    account = Account().sets("a", 100, datetime(2024, 2, 5, tzinfo=UTC)).sets("b", 900, on(2, 5))
    await holds(api, account)
    path = "/api/metrics/new?from=2025-02-01&to=2025-02-28&interval=month&compare=previous_year"
    content = (await api.get(path)).content
    assert (values(content), values(content["comparison"])) == (["9.00"], ["1.00"])
    assert content["comparison"]["period"] == {"from": "2024-02-01", "to": "2024-02-29"}


PARTS = {
    "client=customer:cus_a": "150.00",
    "plan=price_12000": "120.00",
    "segment=growth": "270.00",
    "currency=eur": "0.00",
}


async def test_a_series_of_a_part(api: Api) -> None:
    await api.holds(*deliveries(EXAMPLE))
    for query, expected in PARTS.items():
        content = (await api.get(f"/api/metrics/mrr?{PERIOD}&interval=month&{query}")).content
        assert values(content) == [expected], query


REFUSED: dict[str, tuple[int, str]] = {
    "/api/metrics/nonsense": (404, "not_found"),
    "/api/metrics/customers": (400, "invalid_query"),
    "/api/metrics/revenue?client=a": (400, "invalid_query"),
    "/api/metrics/revenue?segment=growth": (400, "invalid_query"),
    "/api/metrics/mrr?segment=huge": (400, "invalid_query"),
    "/api/metrics/mrr?from=0001-01-01&to=2025-01-01": (400, "invalid_query"),
    "/api/metrics?from=0001-01-01&compare=previous_year": (400, "invalid_query"),
}


async def test_what_there_is_not_is_told(api: Api) -> None:
    for path, (status, code) in REFUSED.items():
        assert is_problem(await api.get(path), status, code), path


async def test_all_of_time_is_a_period(api: Api) -> None:
    content = await asked(api, "/api/metrics?from=0001-01-01&to=9999-12-30")
    assert content["metrics"]["end"]["amount"] == "340.00"
