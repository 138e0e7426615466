"""Cards and the warnings of their networks, as the fake account tells them."""

from datetime import UTC, datetime

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.json_types import Json
from tests.fake_stripe.merchant import Shop


def told(fake: FakeStripe, kind: str) -> list[Json]:
    return [event["data"] for event in fake.events if event["type"] == kind]


def test_a_customer_comes_with_a_card_that_pays() -> None:
    fake = FakeStripe(start=datetime(2026, 3, 1, tzinfo=UTC))
    made = fake.engine.create_customer("a@acme.example")
    [attached] = told(fake, "payment_method.attached")
    assert made["invoice_settings"]["default_payment_method"] == attached["object"]["id"]
    assert attached["object"]["card"]["exp_year"] == 2030


def test_who_has_no_payment_method_left_has_none_by_default() -> None:
    fake = FakeStripe()
    made = fake.engine.create_customer("a@acme.example")
    fake.engine.set_payment_outcome(made["id"], "no_payment_method")
    [detached] = told(fake, "payment_method.detached")
    assert (detached["object"]["customer"], detached["previous_attributes"]) == (None, {"customer": made["id"]})
    [updated] = told(fake, "customer.updated")
    assert updated["object"]["invoice_settings"]["default_payment_method"] is None


def test_a_bank_renews_a_card_by_itself() -> None:
    fake = FakeStripe()
    made = fake.engine.create_customer("a@acme.example")
    card = fake.engine.give_card(made["id"], 4, 2027)
    fake.engine.renew_card(card["id"], 4, 2031)
    [renewed] = told(fake, "payment_method.automatically_updated")
    assert renewed["object"]["card"]["exp_year"] == 2031
    assert renewed["previous_attributes"]["card"]["exp_year"] == 2027


def test_a_warning_of_fraud_names_its_charge_until_it_is_settled() -> None:
    shop = Shop()
    shop.subscribe()
    charge = shop.last("charge.succeeded")["data"]["object"]
    warning = shop.engine.warn_of_fraud(charge["id"])
    assert (warning["charge"], warning["actionable"]) == (charge["id"], True)
    assert shop.engine.settle_warning(warning["id"])["actionable"] is False
