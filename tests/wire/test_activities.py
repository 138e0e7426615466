"""What records of `stripe.events` tell of a client's risk, read from Stripe's own JSON."""

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.domain.policy import DEFAULT
from libs.domain.risk.facts import Decline, DisputeStanding, MethodStanding, SubscriptionStanding
from libs.wire.activity import (
    CustomerActivity,
    DeclineActivity,
    DisputeActivity,
    FraudWarningActivity,
    PaymentMethodActivity,
    SubscriptionActivity,
    Troubling,
)
from libs.wire.codec import MalformedRecord, decode_activity, encode
from libs.wire.records import InvoiceActivity, StripeRecord
from libs.wire.risk_codec import risk_fact
from libs.wire.stripe_event import Catalogue, Kept, Origin, activities, event_of, seen, to_record
from libs.wire.stripe_event.reading import NOTHING_SEEN
from tests.wire.stripe_objects import Json, recorded, subscription

WATCHING = Origin("p1", "acct_1", kept=Kept(card_expiry=True))


def record_of(kind: str, item: Json, customer: str | None = "cus_acme", origin: Origin = WATCHING) -> StripeRecord:
    """The record of an event of this type; `customer` where the object names none."""
    told = {"id": "evt_1", "type": kind, "created": 1_790_000_000, "livemode": True, "data": {"object": item}}
    record = to_record(event_of(told), origin, Catalogue())
    return msgspec.structs.replace(record, customer=record.customer or customer)


def told(kind: str, item: Json, customer: str | None = "cus_acme") -> list[InvoiceActivity | Troubling]:
    record = record_of(kind, item, customer)
    return list(activities(record, seen(record), DEFAULT))


def fields(record: object, *names: str) -> tuple[object, ...]:
    return tuple(getattr(record, name) for name in names)


def test_a_subscription_tells_how_it_stands_and_what_it_is_worth() -> None:
    [incomplete] = told("customer.subscription.updated", recorded("subscription_endive"))
    [activity] = told("customer.subscription.updated", {**subscription(), "default_payment_method": "pm_1"})
    assert isinstance(activity, SubscriptionActivity)
    assert activity.worth is not None
    assert fields(incomplete, "worth") == (None,)
    assert (activity.payment_method_known, activity.caused_by) == (True, ("evt_1",))
    assert activity.id.startswith(f"{activity.subscription}:1790000000:3:")
    standing = risk_fact(activity).content  # type: ignore[union-attr]
    assert isinstance(standing, SubscriptionStanding)


@pytest.mark.parametrize("shape", ["2015_single_plan", "2018", "2020", "2022", "basil", "clover", "endive"])
def test_subscriptions_of_every_shape_are_told(shape: str) -> None:
    [activity] = told("customer.subscription.updated", recorded(f"subscription_{shape}"))
    assert decode_activity(encode(activity)) == activity


def test_a_comment_stays_behind() -> None:
    words = {"reason": "cancellation_requested", "feedback": "too_expensive", "comment": "I am Jane Roe"}
    [activity] = told("customer.subscription.updated", {**subscription(), "cancellation_details": words})
    assert b"Jane" not in encode(activity)
    assert fields(activity, "cancellation_reason", "cancellation_feedback") == tuple(words.values())[:2]


def test_a_customer_tells_what_pays_by_default() -> None:
    item = {**recorded("customer_endive"), "invoice_settings": {"default_payment_method": "pm_9"}}
    [activity] = told("customer.updated", item)
    assert isinstance(activity, CustomerActivity)
    assert (activity.payment_method, activity.deleted) == ("pm_9", False)
    [gone] = told("customer.deleted", recorded("customer_deleted"))
    assert fields(gone, "deleted", "payment_method") == (True, None)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("payment_failed", "failed"), ("payment_action_required", "action_required"), ("finalized", "failed")],
)
def test_an_invoice_waits_for_the_customer_only_where_stripe_says_so(kind: str, outcome: str) -> None:
    item = {"id": "in_1", "object": "invoice", "customer": "cus_acme", "status": "open", "currency": "usd",
            "amount_due": 5, "attempt_count": 1}  # fmt: skip
    [activity] = told(f"invoice.{kind}", item)
    assert isinstance(activity, InvoiceActivity)
    assert activity.outcome == outcome


def test_a_payment_method_tells_its_card_s_last_month() -> None:
    [activity] = told("payment_method.attached", recorded("payment_method"))
    assert isinstance(activity, PaymentMethodActivity)
    assert (activity.payment_method, activity.expires, activity.detached) == ("pm_1", "2027-04", False)
    standing = risk_fact(activity).content  # type: ignore[union-attr]
    assert isinstance(standing, MethodStanding)
    assert str(standing.expires_at) == "2027-05-01 00:00:00+00:00"
    [old] = told("customer.source.expiring", recorded("card"))
    assert fields(old, "payment_method", "expires") == ("card_1", "2027-04")
    [gone] = told("payment_method.detached", recorded("payment_method"))
    assert fields(gone, "detached") == (True,)


def test_december_is_followed_by_january() -> None:
    item = {**recorded("payment_method"), "card": {"exp_month": 12, "exp_year": 2027}}
    [activity] = told("payment_method.updated", item)
    assert isinstance(activity, PaymentMethodActivity)
    standing = risk_fact(activity).content  # type: ignore[union-attr]
    assert isinstance(standing, MethodStanding)
    assert str(standing.expires_at)[:10] == "2028-01-01"


def test_without_leave_no_expiry_travels() -> None:
    record = record_of("payment_method.attached", recorded("payment_method"), origin=Origin("p1", "acct_1"))
    [activity] = activities(record, NOTHING_SEEN, DEFAULT)
    assert fields(activity, "expires") == (None,)


def test_a_dispute_tells_its_state_amount_and_deadline() -> None:
    [activity] = told("charge.dispute.created", recorded("dispute"))
    assert isinstance(activity, DisputeActivity)
    assert fields(activity, "dispute", "status", "reason", "currency", "amount") == (
        "dp_1",
        "needs_response",
        "fraudulent",
        "eur",
        4000,
    )
    assert isinstance(risk_fact(activity).content, DisputeStanding)  # type: ignore[union-attr]


def test_an_early_fraud_warning_says_whether_there_is_something_to_do() -> None:
    [activity] = told("radar.early_fraud_warning.created", recorded("early_fraud_warning"))
    assert isinstance(activity, FraudWarningActivity)
    assert (activity.fraud_type, activity.actionable) == ("made_with_stolen_card", True)


def test_a_failed_charge_and_its_intent_say_why() -> None:
    [charge] = told("charge.failed", recorded("charge_failed"))
    [intent] = told("payment_intent.payment_failed", recorded("payment_intent_failed"))
    assert isinstance(charge, DeclineActivity)
    assert isinstance(intent, DeclineActivity)
    assert (charge.code, charge.advice, charge.invoice) == ("insufficient_funds", "try_again_later", "in_acme")
    assert intent.code == "insufficient_funds"
    assert isinstance(risk_fact(charge), Decline)


QUIET = {
    "a charge that succeeded": ("charge.succeeded", "charge_failed", "cus_acme"),
    "a coupon": ("coupon.updated", "coupon_endive", "cus_acme"),
    "nobody's dispute": ("charge.dispute.created", "dispute", None),
}


@pytest.mark.parametrize(("kind", "item", "customer"), QUIET.values(), ids=QUIET.keys())
def test_what_tells_nothing_of_a_client(kind: str, item: str, customer: str | None) -> None:
    assert told(kind, recorded(item), customer) == []


KINDS = ("payment_method.attached", "charge.dispute.created", "radar.early_fraud_warning.created", "charge.failed",
         "payment_intent.payment_failed", "customer.source.updated")  # fmt: skip
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(KINDS),
    st.dictionaries(
        st.sampled_from(
            ["id", "card", "exp_month", "exp_year", "amount", "currency", "created", "status", "outcome", "invoice",
             "last_payment_error", "failure_code", "evidence_details", "fraud_type", "actionable"]
        ),
        ODD,
    ),
)  # fmt: skip
def test_odd_objects_are_told_or_malformed(kind: str, item: Json) -> None:
    record = msgspec.structs.replace(record_of(kind, {"id": "x"}), object=msgspec.Raw(orjson.dumps(item)))
    try:
        for activity in activities(record, NOTHING_SEEN, DEFAULT):
            assert decode_activity(encode(activity)) == activity
            risk_fact(activity)  # type: ignore[arg-type]
    except MalformedRecord:
        return
