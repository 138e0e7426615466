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


def test_an_event_that_tells_nothing_of_before_gives_none() -> None:
    assert before(None) is None
    assert before({"status": "unheard_of"}) is None
    assert read_previous_subscription(event("customer.updated", customer())) is None
