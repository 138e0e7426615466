"""Where a version stands in the order of versions, and what it says the object was before."""

import orjson
import pytest

from libs.domain.fact import Fact
from libs.domain.subscription import Subscription
from libs.domain.version import Rank, Version
from libs.wire.stripe_event import Catalogue, read_event, read_snapshot
from libs.wire.stripe_event.kinds import is_published
from tests.wire.stripe_objects import (
    Json,
    coupon,
    discount,
    event,
    item,
    listed,
    price,
    recorded,
    subscription,
    updated,
)
from tests.wire.test_stripe_event_shapes import END

CUSTOMER: Json = {"id": "cus_1", "object": "customer", "email": "a@acme.example", "metadata": {"client_id": "acme"}}


def read_one(type_: str, about: Json, previous: Json | None = None) -> Fact:
    (fact,) = read_event(event(type_, about, previous))
    return fact


def invoice(**changes: object) -> Json:
    return {"id": "in_1", "object": "invoice", "currency": "usd", "customer": "cus_1", "status": "open", **changes}


@pytest.mark.parametrize(
    ("type_", "about", "rank"),
    [
        ("customer.subscription.created", subscription(), Rank.CREATE),
        ("customer.subscription.trial_will_end", subscription(status="trialing"), Rank.NOTICE),
        ("customer.subscription.pending_update_applied", subscription(), Rank.NOTICE),
        ("customer.subscription.pending_update_expired", subscription(), Rank.NOTICE),
        ("customer.subscription.updated", subscription(), Rank.UPDATE),
        ("customer.subscription.paused", subscription(status="paused"), Rank.UPDATE),
        ("customer.subscription.resumed", subscription(), Rank.UPDATE),
        ("customer.subscription.deleted", subscription(status="canceled"), Rank.TERMINAL),
        ("customer.subscription.updated", subscription(status="canceled"), Rank.TERMINAL),
        ("customer.subscription.updated", subscription(status="incomplete_expired"), Rank.TERMINAL),
        ("customer.created", CUSTOMER, Rank.CREATE),
        ("customer.updated", CUSTOMER, Rank.UPDATE),
        ("customer.deleted", CUSTOMER, Rank.TERMINAL),
        ("customer.discount.created", discount(), Rank.CREATE),
        ("customer.discount.updated", discount(), Rank.UPDATE),
        ("customer.discount.deleted", discount(), Rank.TERMINAL),
        ("invoice.created", invoice(status="draft"), Rank.CREATE),
        ("invoice.finalized", invoice(), Rank.NOTICE),
        ("invoice.payment_failed", invoice(), Rank.UPDATE),
        ("invoice.updated", invoice(), Rank.UPDATE),
        ("invoice.marked_uncollectible", invoice(status="uncollectible"), Rank.UPDATE),
        ("invoice.created", invoice(status="paid"), Rank.TERMINAL),
        ("invoice.paid", invoice(status="paid"), Rank.TERMINAL),
        ("invoice.voided", invoice(status="void"), Rank.TERMINAL),
        ("invoice.deleted", invoice(status="draft"), Rank.TERMINAL),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_type_and_content_give_the_rank(type_: str, about: Json, rank: Rank) -> None:
    assert read_one(type_, about).rank is rank


@pytest.mark.parametrize(
    ("about", "rank"),
    [
        (subscription(), Rank.SNAPSHOT),
        (subscription(status="canceled"), Rank.TERMINAL_SNAPSHOT),
        (CUSTOMER, Rank.SNAPSHOT),
        ({"id": "cus_1", "object": "customer", "deleted": True}, Rank.TERMINAL_SNAPSHOT),
        (invoice(), Rank.SNAPSHOT),
        (invoice(status="paid"), Rank.TERMINAL_SNAPSHOT),
        (discount(), Rank.SNAPSHOT),
    ],
)
def test_snapshots_rank_below_events_of_their_second(about: Json, rank: Rank) -> None:
    (fact,) = read_snapshot(about, END)
    assert (fact.rank, fact.event, fact.previous) == (rank, None, None)


@pytest.mark.parametrize(
    "type_",
    [
        "charge.failed",
        "refund.created",
        "price.updated",
        "coupon.deleted",
        "payment_method.attached",
        "product.updated",
    ],
)
def test_types_without_meaning_for_revenue_are_published_but_tell_nothing(type_: str) -> None:
    assert is_published(type_)
    assert read_event(event(type_, {"id": "x_1", "object": type_.partition(".")[0]})) == ()


@pytest.mark.parametrize(
    "type_",
    [
        "balance.available",
        "invoice.upcoming",
        "account.application.deauthorized",
        "customer",
        "",
        "invoiceitem.created",
    ],
)
def test_other_types_are_not_published(type_: str) -> None:
    assert not is_published(type_)


FOUR_SEATS = subscription(items=listed(item(quantity=4)))


@pytest.mark.parametrize(
    ("before", "after", "previous"),
    [
        (subscription(), FOUR_SEATS, {"items": {"data": [item()]}}),
        (subscription(), FOUR_SEATS, {"items": {"data": [item()]}, "latest_invoice": "in_0"}),
        (subscription(status="trialing"), subscription(), {"status": "trialing"}),
        (subscription(), subscription(cancel_at=9), {"cancel_at": None}),
        (
            subscription(),
            subscription(cancellation_details={"comment": "dear", "feedback": None, "reason": None}),
            {"cancellation_details": {"comment": None}},
        ),
        (
            subscription(),
            subscription(pause_collection={"behavior": "void", "resumes_at": 9}),
            {"pause_collection": None},
        ),
        (
            subscription(pause_collection={"behavior": "void", "resumes_at": None}),
            subscription(pause_collection={"behavior": "void", "resumes_at": 9}),
            {"pause_collection": {"resumes_at": None}},
        ),
        (
            subscription(pause_collection={"behavior": "void", "resumes_at": 9}),
            subscription(),
            {"pause_collection": {"behavior": "void", "resumes_at": 9}},
        ),
        (subscription(), subscription(discounts=["di_1"]), {"discounts": []}),
        (
            subscription(items=listed(item(), item(id="si_2"))),
            subscription(),
            {"items": {"data": [item(), item(id="si_2")], "total_count": 2}},
        ),
        (
            subscription(),
            subscription(items=listed(item(current_period_start=1_702_592_000, current_period_end=1_705_270_400))),
            {"items": {"data": [item()]}},
        ),
    ],
    ids=[
        "seats",
        "seats and more",
        "status",
        "cancel_at",
        "comment",
        "pause",
        "resumes_at",
        "resume",
        "discount",
        "items",
        "period",
    ],
)
def test_previous_attributes_lead_to_the_fingerprint_of_the_version_before(
    before: Json, after: Json, previous: Json
) -> None:
    earlier = read_one("customer.subscription.created", before)
    later = read_one("customer.subscription.updated", after, previous)
    assert later.previous == earlier.digest
    assert later.digest != earlier.digest


def test_a_change_of_nothing_that_matters_keeps_the_fingerprint() -> None:
    later = read_one("customer.subscription.updated", subscription(), {"latest_invoice": "in_0", "description": "x"})
    assert later.previous == later.digest


def test_old_plan_and_quantity_on_the_subscription_lead_back_too() -> None:
    now = recorded("subscription_2015_single_plan")
    now |= {"id": "sub_1"}
    (earlier,) = read_event(event("customer.subscription.created", {**now, "quantity": 3}))
    (later,) = read_event(event("customer.subscription.updated", now, {"quantity": 3}))
    assert later.previous == earlier.digest


def test_a_previous_state_that_cannot_be_read_leaves_the_version_itself_sound() -> None:
    version = read_one("customer.subscription.updated", subscription(), {"items": {"data": [{"quantity": 1}]}})
    assert isinstance(version.content, Subscription)
    assert version.previous is None


def test_customers_and_invoices_lead_back_too() -> None:
    was, now = {**CUSTOMER, "metadata": {}}, CUSTOMER
    before, after = (
        read_one("customer.created", was),
        read_one("customer.updated", now, {"metadata": {"client_id": None}}),
    )
    assert after.previous == before.digest != after.digest
    open_, tried = read_one("invoice.created", invoice()), invoice(attempt_count=1, attempted=True)
    after = read_one("invoice.updated", tried, {"attempt_count": 0, "attempted": False})
    assert after.previous == open_.digest != after.digest


def versions_of(about: Json, catalogue: Catalogue) -> tuple[Version[object], ...]:
    fact = read_snapshot(about, END, catalogue)
    return tuple(Version(f.at, f.rank, f.content, f.digest) for f in fact)


def test_what_the_catalogue_completes_leaves_the_fingerprint_alone() -> None:
    tiered = price(
        id="price_tiered", billing_scheme="tiered", tiers_mode="volume", unit_amount=None, unit_amount_decimal=None
    )
    about = subscription(items=listed(item(price=tiered)), discounts=["di_1"])
    catalogue = Catalogue()
    catalogue.learn({**tiered, "tiers": [{"up_to": None, "unit_amount": 5}]})
    catalogue.learn(discount(source={"type": "coupon", "coupon": coupon()}))
    (bare,), (completed,) = versions_of(about, Catalogue()), versions_of(about, catalogue)
    assert bare.digest == completed.digest
    assert bare.content != completed.content


@pytest.mark.parametrize(
    "shape", ["subscription_2022", "subscription_basil", "subscription_clover", "subscription_endive"]
)
def test_one_state_has_one_fingerprint_in_every_api_version(shape: str) -> None:
    (this,), (that,) = read_snapshot(recorded(shape), END), read_snapshot(recorded("subscription_endive"), END)
    assert this.digest == that.digest


def test_the_order_of_items_does_not_matter_to_the_fingerprint() -> None:
    one, two = item(id="si_1"), item(id="si_2", quantity=9)
    forth = read_one("customer.subscription.created", subscription(items=listed(one, two)))
    back = read_one("customer.subscription.created", subscription(items=listed(two, one)))
    assert forth.digest == back.digest


def test_reading_bytes_and_parsed_json_is_the_same() -> None:
    sent = updated(FOUR_SEATS, {"items": {"data": [item()]}})
    sent["type"] = "customer.subscription.updated"
    assert read_event(orjson.dumps(sent)) == read_event(sent)
