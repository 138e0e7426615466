"""What a subscription was just before an event, as `previous_attributes` tell."""

from typing import Any

import pytest

from libs.wire.stripe_event import read_previous_subscription
from tests.cli.stripe_json import coupon, customer, event, item, subscription

DISCOUNT = {"id": "di_1", "object": "discount", "coupon": coupon(), "end": None}


def before(previous: dict[str, Any] | None, type: str = "customer.subscription.updated") -> Any:  # noqa: A002
    now = subscription(item(quantity=3), discounts=[DISCOUNT])
    more = {} if previous is None else {"previous_attributes": previous}
    return read_previous_subscription(event(type, now, data={"object": now, **more}))


@pytest.mark.parametrize(
    ("previous", "quantity", "status", "discounts"),
    [
        ({"items": {"data": [item(quantity=1)]}}, 1, "active", 1),
        ({"status": "paused"}, 3, "paused", 1),
        ({"discounts": []}, 3, "active", 0),
        ({"metadata": {"note": "old"}}, 3, "active", 1),
    ],
    ids=["quantity", "status", "discounts", "nothing that matters"],
)
def test_it_is_the_object_with_its_old_values(
    previous: dict[str, Any], quantity: int, status: str, discounts: int
) -> None:
    found = before(previous)
    assert (found.items[0].quantity, found.status, len(found.discounts)) == (quantity, status, discounts)


def test_of_a_hash_only_the_named_keys_were_others() -> None:
    gone = {"reason": "cancellation_requested", "feedback": "too_expensive", "comment": None}
    now = subscription(item(), cancellation_details=gone, pause_collection={"behavior": "void", "resumes_at": 5})
    previous = {
        "cancellation_details": {"feedback": None},
        "pause_collection": {"resumes_at": None},
        "items": {"data": [item(quantity=7)]},
    }
    data = {"object": now, "previous_attributes": previous}
    found = read_previous_subscription(event("customer.subscription.updated", now, data=data))
    assert found is not None
    assert (found.cancellation.reason, found.cancellation.feedback) == ("cancellation_requested", None)
    assert found.pause_collection is not None
    assert (found.pause_collection.behavior, found.pause_collection.resumes_at) == ("void", None)
    assert found.items[0].quantity == 7


def test_a_hash_that_was_not_there_is_taken_whole() -> None:
    now = subscription(item(), pause_collection=None)
    data = {"object": now, "previous_attributes": {"pause_collection": {"behavior": "void"}}}
    found = read_previous_subscription(event("customer.subscription.updated", now, data=data))
    assert found is not None
    assert found.pause_collection is not None


def test_an_event_that_tells_nothing_of_before_gives_none() -> None:
    assert before(None) is None
    assert before({"status": "unheard_of"}) is None
    assert read_previous_subscription(event("customer.updated", customer())) is None
