"""`revstream explain`: each item with what it adds, and why."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from libs.cli.main import revstream
from tests.cli.stripe_json import DAY, NOW, Json, coupon, customer, event, item, price, subscription

DISCOUNT = {"id": "di_1", "object": "discount", "source": {"type": "coupon", "coupon": "SAVE"}}


def run(text: str, *options: str) -> Result:
    return CliRunner().invoke(revstream(["explain"]), ["explain", "-", "--at", str(NOW), *options], input=text)


def explained(text: str, *options: str) -> list[Json]:
    result = run(text, "--json", *options)
    assert result.exit_code == 0, result.stderr
    subscriptions: list[Json] = json.loads(result.stdout)["subscriptions"]
    return subscriptions


OBJECTS = [subscription(), customer(), coupon()]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(subscription()),
        json.dumps(subscription(), indent=2),
        json.dumps(OBJECTS),
        json.dumps({"object": "list", "data": OBJECTS, "has_more": False}),
        json.dumps({"data": OBJECTS}),
        json.dumps([{"object": "list", "data": OBJECTS}]),
        "\n".join(json.dumps(each) for each in OBJECTS),
        json.dumps({"subscriptions": [subscription()], "customers": [customer()]}),
        json.dumps({key: value for key, value in subscription().items() if key != "object"}),
        json.dumps(event("customer.subscription.created", subscription(), NOW - DAY)),
        json.dumps([subscription(), {"id": "prod_1", "object": "product"}]),
    ],
    ids=["one object", "over lines", "list", "answer of the API", "data", "list of lists", "JSON lines", "scenario",
         "unnamed", "event", "with others"],
)  # fmt: skip
def test_files_are_read_in_each_form(text: str) -> None:
    (only,) = explained(text)
    assert only["subscription"] == "sub_1"
    assert only["mrr"] == "10.00"


def test_the_explanation_tells_all_of_an_item() -> None:
    objects = [subscription(item(price(12000, "year"), 3), discounts=["di_1"]), DISCOUNT, coupon(percent_off=10)]
    assert explained(json.dumps(objects)) == [
        {
            "subscription": "sub_1",
            "customer": "cus_1",
            "status": "active",
            "currency": "usd",
            "mrr": "27.00",
            "exact": "2700",
            "counted": True,
            "rule": "counted",
            "next_change": None,
            "gaps": [],
            "notes": [],
            "items": [
                {
                    "item": "si_1",
                    "price": "price_1",
                    "product": "prod_1",
                    "interval": "year",
                    "interval_count": 1,
                    "quantity": 3,
                    "gross": "30.00",
                    "discount": "3.00",
                    "mrr": "27.00",
                    "exact": "2700",
                    "rule": "counted",
                    "why": [
                        "3 × 120.00 = 360.00 usd",
                        "÷ 12 months = 30.00 usd a month",
                        "− 10% (SAVE, forever) = − 3.00 usd a month",
                    ],
                }
            ],
        }
    ]


def test_amounts_that_do_not_end_are_told_exactly() -> None:
    assert explained(json.dumps(subscription(item(price(100, "year")))))[0]["exact"] == "25/3"


LEAVING = json.dumps(subscription(cancel_at_period_end=True, cancel_at=NOW + DAY))


def test_the_policy_may_be_a_preset_options_or_a_file(tmp_path: Path) -> None:
    options = '{"churn_recognition": "at_request"}'
    (tmp_path / "policy.json").write_text(options)
    for policy in ("stripe", options, '{"preset": "stripe"}', str(tmp_path / "policy.json")):
        (only,) = explained(LEAVING, "--policy", policy)
        assert only["rule"] == "cancellation_requested"
        assert only["mrr"] == "0.00"
    assert explained(LEAVING)[0]["mrr"] == "10.00"


def test_what_is_not_known_is_told() -> None:
    unknown = price(None, billing_scheme="tiered", tiers_mode="volume")
    (only,) = explained(json.dumps(subscription(item(unknown))))
    assert only["gaps"][0].startswith("tiers:price_1 (")


def test_people_get_lines() -> None:
    result = run(json.dumps(subscription()))
    assert result.exit_code == 0
    assert "sub_1 of cus_1: 10.00 usd a month (counted)" in result.stdout
    assert "1 × 10.00 = 10.00 usd" in result.stdout


@pytest.mark.parametrize(
    ("text", "options", "named"),
    [
        ("nope", (), "is not JSON"),
        ("5", (), "must be an object"),
        (json.dumps([subscription(), subscription(status="on")]), (), "[1].status"),
        (json.dumps(subscription()) + "\n" + json.dumps(subscription(status="on")), (), "line 2.status"),
        (json.dumps({"id": "x"}), (), "object: must say what the object is"),
        (json.dumps({"a": 1}), (), "holds no object of Stripe's"),
        (json.dumps(subscription()), ("--policy", "quickbooks"), "--policy: quickbooks is neither"),
        (json.dumps(subscription()), ("--policy", '{"include_trails": true}'), "include_trails"),
        (json.dumps(subscription()), ("--at", "tomorrow"), "--at"),
    ],
)
def test_what_makes_no_sense_exits_2_and_says_where(text: str, options: tuple[str, ...], named: str) -> None:
    result = run(text, *options)
    assert result.exit_code == 2
    assert named in result.stderr


def test_a_file_that_is_not_there_exits_2() -> None:
    assert CliRunner().invoke(revstream(["explain"]), ["explain", "nowhere.json"]).exit_code == 2
