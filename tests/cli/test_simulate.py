"""`revstream simulate`: scenarios in, figures out; what makes no sense is pointed at."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from libs.cli.main import revstream
from tests.cli.stripe_json import DAY, NOW, Json, coupon, customer, event, item, price, subscription


def run(*scenarios: Json | str) -> Result:
    lines = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in scenarios)
    return CliRunner().invoke(revstream(["simulate"]), ["simulate", "-", "--json"], input=lines)


def answer(**scenario: Any) -> Json:
    result = run({"as_of": NOW, **scenario})
    assert result.exit_code == 0, result.stderr
    read: Json = json.loads(result.stdout)
    return read


def test_the_answer_has_every_part() -> None:
    told = answer(customers=[customer()], subscriptions=[subscription()])
    assert [movement["kind"] for movement in told.pop("movements")] == ["new"]
    assert told.pop("period_summary")["end"] == "10.00"
    assert told.pop("metrics")["mrr"] == {"currency": "usd", "amount": "10.00"}
    assert told == {
        "as_of": "2025-01-15T12:00:00Z",
        "mrr_total": {"currency": "usd", "amount": "10.00"},
        "mrr_by_currency": {"usd": "10.00"},
        "mrr_by_client": {"customer:cus_1": "10.00"},
        "mrr_by_customer": {"cus_1": "10.00"},
        "mrr_by_subscription": {"sub_1": "10.00"},
        "mrr_by_item": {"si_1": "10.00"},
        "active_subscriptions": 1,
        "active_subscribers": 1,
        "signals": [],
        "incomplete": [],
        "notes": [],
    }


EUR = subscription(item(price(1000, currency="eur"), id="si_2"), id="sub_2", customer="cus_2", currency="eur")


@pytest.mark.parametrize(
    ("policy", "subscriptions", "total"),
    [
        ({}, [subscription(), EUR], None),
        ({}, [subscription(), {**EUR, "status": "canceled"}], ("usd", "10.00")),
        ({}, [{**subscription(), "status": "canceled"}], ("usd", "0.00")),
        ({}, [], None),
        ({"base_currency": "usd"}, [], ("usd", "0.00")),
        ({"base_currency": "usd", "fx": {"eur": "1.10"}}, [subscription(), EUR], ("usd", "21.00")),
        ({"base_currency": "jpy", "fx": {"eur": "160", "usd": "150"}}, [subscription(), EUR], ("jpy", "3100")),
        ({"base_currency": "usd", "fx": {"eur": {"2025-01-15": "1.2", "2025-01-16": "9"}}}, [EUR], ("usd", "12.00")),
        ({"base_currency": "usd", "fx": {"eur": {"2025-01-16": "1.2"}}}, [EUR], None),
    ],
    ids=["two currencies", "one of them ended", "nothing live", "nothing", "nothing, with a base", "converted",
         "to another count of digits", "the rate of the day", "no rate yet"],
)  # fmt: skip
def test_the_total_is_in_one_currency_or_none(
    policy: Json, subscriptions: list[Json], total: tuple[str, str] | None
) -> None:
    expected = None if total is None else {"currency": total[0], "amount": total[1]}
    assert answer(policy=policy, subscriptions=subscriptions)["mrr_total"] == expected


def test_a_missing_rate_is_named() -> None:
    told = answer(policy={"base_currency": "usd"}, subscriptions=[subscription(), EUR])
    assert "no rate of eur in usd on 2025-01-15" in told["notes"][0]
    assert told["metrics"]["mrr"] == {"by_currency": {"eur": "10.00", "usd": "10.00"}}


def test_a_customer_with_several_currencies_has_an_amount_for_each() -> None:
    told = answer(subscriptions=[subscription(), {**EUR, "customer": "cus_1"}])
    assert told["mrr_by_customer"] == {"cus_1": {"eur": "10.00", "usd": "10.00"}}
    assert told["active_subscribers"] == 1


def test_sums_are_rounded_once() -> None:
    third = [subscription(item(price(100, "year"), id=f"si_{n}"), id=f"sub_{n}") for n in range(3)]
    told = answer(subscriptions=third)
    assert set(told["mrr_by_subscription"].values()) == {"0.08"}
    assert told["mrr_total"]["amount"] == "0.25"


CLIENTS = [
    {"client": "acme", "domains": ["acme.com"]},
    {"client": "boss", "stakeholder_emails": ["Boss@Acme.com"]},
    {"client": "hand", "stripe_customers": ["cus_9"]},
    {"client": "idle"},
]


@pytest.mark.parametrize(
    ("of", "client"),
    [
        (customer(email="anna@acme.com"), "acme"),
        (customer(email="anna@eu.ACME.com"), "acme"),
        (customer(email="boss@acme.com"), "boss"),
        (customer(email="boss@acme.com", metadata={"client_id": "acme"}), "acme"),
        (customer("cus_9", email="boss@acme.com", metadata={"client_id": "acme"}), "hand"),
        (customer(email="anna@notacme.com"), "customer:cus_1"),
        (customer(email="anna@gmail.com"), "customer:cus_1"),
        (customer(metadata={"client_id": "nobody"}), "customer:cus_1"),
        (customer(), "customer:cus_1"),
    ],
    ids=["domain", "subdomain", "e-mail before domain", "metadata before e-mail", "by hand before all",
         "another domain", "free mail", "a client that is not there", "nothing"],
)  # fmt: skip
def test_customers_belong_to_clients(of: Json, client: str) -> None:
    told = answer(clients=CLIENTS, customers=[of], subscriptions=[subscription(customer=of["id"])])
    assert {name for name, amount in told["mrr_by_client"].items() if amount != "0.00"} == {client}
    assert told["mrr_by_client"]["idle"] == "0.00"


def test_a_customer_claimed_twice_belongs_to_neither_and_is_noted() -> None:
    both = [{"client": "a", "domains": ["x.com"]}, {"client": "b", "domains": ["x.com"]}]
    told = answer(clients=both, customers=[customer(email="m@x.com")], subscriptions=[subscription()])
    assert told["mrr_by_client"]["customer:cus_1"] == "10.00"
    assert "claimed by a and b" in told["notes"][0]


TIERED = price(None, billing_scheme="tiered", tiers_mode="graduated")
TIERS = [{"up_to": 5, "unit_amount": 700, "flat_amount": None}, {"up_to": None, "unit_amount": 500, "flat_amount": 100}]


@pytest.mark.parametrize("told_by", ["prices", "event"])
def test_tiers_come_from_the_prices_beside(told_by: str) -> None:
    whole = {**TIERED, "tiers": TIERS}
    beside: Json = (
        {"prices": [whole]} if told_by == "prices" else {"events": [event("price.created", whole, NOW - DAY)]}
    )
    told = answer(subscriptions=[subscription(item(TIERED, 7))], **beside)
    assert told["mrr_by_item"] == {"si_1": "46.00"}


def test_what_cannot_be_computed_is_told() -> None:
    cut = {"object": "list", "has_more": True, "data": [item()]}
    told = answer(subscriptions=[subscription(item(TIERED, 7)), subscription(id="sub_2", items=cut)])
    assert told["incomplete"] == [
        {"subscription": "sub_1", "reason": "tiers:price_1"},
        {"subscription": "sub_2", "reason": "items"},
    ]
    assert len(told["notes"]) == 2
    assert told["notes"][0].startswith("sub_1 is incomplete: tiers:price_1 (")


NEW_DISCOUNT = {"id": "di_1", "object": "discount", "source": {"type": "coupon", "coupon": "SAVE"}, "end": None}
OLD_DISCOUNT = {"id": "di_1", "object": "discount", "coupon": coupon(), "end": None}


@pytest.mark.parametrize(
    "scenario",
    [
        {"subscriptions": [subscription(discounts=["di_1"])], "discounts": [NEW_DISCOUNT], "coupons": [coupon()]},
        {"subscriptions": [subscription(discounts=["di_1"])], "discounts": [OLD_DISCOUNT]},
        {"subscriptions": [subscription(discounts=[NEW_DISCOUNT])], "coupons": [coupon()]},
        {"subscriptions": [subscription(discounts=[OLD_DISCOUNT])]},
        {"subscriptions": [subscription(discount=OLD_DISCOUNT)]},
        {"subscriptions": [subscription(item(discounts=[OLD_DISCOUNT]))]},
        {"subscriptions": [subscription()], "customers": [customer(discount=OLD_DISCOUNT)]},
        {"subscriptions": [subscription()], "customers": [customer(discount=NEW_DISCOUNT)], "coupons": [coupon()]},
        {
            "customers": [customer()],
            "events": [
                event("customer.subscription.created", subscription(discounts=["di_1"]), NOW - DAY),
                event("customer.discount.created", {**OLD_DISCOUNT, "customer": "cus_1", "subscription": "sub_1"}),
            ],
        },
    ],
    ids=["ids all the way", "discount beside", "coupon beside", "expanded", "singular", "on the item",
         "on the customer", "on the customer, coupon beside", "by an event of its own"],
)  # fmt: skip
def test_discounts_are_found_wherever_they_stand(scenario: Json) -> None:
    assert answer(**scenario)["mrr_by_subscription"] == {"sub_1": "5.00"}


CREATED = event("customer.subscription.created", subscription(), NOW - 3 * DAY)
RAISED = event("customer.subscription.updated", subscription(item(price(3000))), NOW - 2 * DAY)
ENDED = event("customer.subscription.deleted", subscription(status="canceled", ended_at=NOW - DAY), NOW - DAY)


@pytest.mark.parametrize(
    ("as_of", "total"),
    [(NOW - 3 * DAY, "10.00"), (NOW - 2 * DAY - 1, "10.00"), (NOW - 2 * DAY, "30.00"), (NOW - DAY, "0.00")],
)
def test_events_count_in_any_order_up_to_the_instant(as_of: int, total: str) -> None:
    told = answer(as_of=as_of, events=[ENDED, CREATED, RAISED, CREATED])
    assert told["mrr_total"] == {"currency": "usd", "amount": total}


def test_events_of_a_later_time_are_noted_and_an_early_state_is_not_lost_to_them() -> None:
    late = event("customer.subscription.updated", subscription(item(price(9000))), NOW + 40 * DAY)
    told = answer(events=[late, CREATED])
    assert told["mrr_total"]["amount"] == "10.00"
    assert told["notes"] == ["1 events are later than as_of and do not count yet"]


def test_objects_are_a_snapshot_at_the_instant() -> None:
    told = answer(subscriptions=[subscription(item(price(700)))], events=[CREATED, RAISED])
    assert told["mrr_total"]["amount"] == "7.00"


def test_deleted_customers_are_not_counted() -> None:
    told = answer(customers=[{"id": "cus_1", "object": "customer", "deleted": True}], subscriptions=[subscription()])
    assert told["mrr_by_customer"] == {"cus_1": "0.00"}
    assert told["metrics"]["customers"] == 0


def test_as_of_may_be_written_as_iso() -> None:
    assert answer(as_of="2025-01-15T13:00:00+01:00")["as_of"] == "2025-01-15T12:00:00Z"


@pytest.mark.parametrize("policy", ["stripe", {"preset": "stripe"}], ids=str)
def test_a_preset_may_be_named(policy: object) -> None:
    leaving = subscription(cancel_at_period_end=True, cancel_at=NOW + DAY)
    assert answer(policy=policy, subscriptions=[leaving])["mrr_total"]["amount"] == "0.00"


def test_scenarios_on_lines_are_answered_line_by_line() -> None:
    result = run({"subscriptions": [subscription()]}, {"as_of": "never"}, {"as_of": NOW, "subscriptions": [EUR]})
    assert result.exit_code == 2
    first, wrong, last = map(json.loads, result.stdout.splitlines())
    assert first["mrr_total"]["currency"] == "usd"
    assert wrong["error"]["scenario"] == "line 2"
    assert last["mrr_total"]["currency"] == "eur"


def test_one_scenario_on_standard_input_may_span_lines() -> None:
    text = json.dumps({"as_of": NOW, "subscriptions": [subscription()]}, indent=2)
    result = CliRunner().invoke(revstream(["simulate"]), ["simulate", "-", "--json"], input=text)
    assert json.loads(result.stdout)["mrr_total"]["amount"] == "10.00"


def test_several_files_give_a_line_each(tmp_path: Path) -> None:
    names = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    for name in names:
        Path(name).write_text(json.dumps({"as_of": NOW, "subscriptions": [subscription()]}))
    result = CliRunner().invoke(revstream(["simulate"]), ["simulate", *names, "--json"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2


def test_a_file_that_is_not_there_exits_2() -> None:
    result = CliRunner().invoke(revstream(["simulate"]), ["simulate", "nowhere.json"])
    assert result.exit_code == 2
    assert "nowhere.json can't be read" in result.stderr


def test_people_get_a_table() -> None:
    lines = json.dumps({"as_of": NOW, "subscriptions": [subscription(item(TIERED))]})
    result = CliRunner().invoke(revstream(["simulate"]), ["simulate", "-"], input=lines)
    assert "mrr_by_subscription" in result.stdout
    assert "movements" not in result.stdout
    assert "sub_1 is incomplete" in result.stdout


def test_people_get_the_movements_too() -> None:
    lines = json.dumps({"as_of": NOW, "subscriptions": [subscription()]})
    result = CliRunner(env={"COLUMNS": "200"}).invoke(revstream(["simulate"]), ["simulate", "-"], input=lines)
    assert "subscription_started (estimated)" in result.stdout
