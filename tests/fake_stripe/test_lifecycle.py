"""What time does to subscriptions."""

from datetime import UTC, datetime

import pytest

from libs.fake_stripe import changes
from libs.fake_stripe.calendar import add_interval
from libs.fake_stripe.settings import AccountSettings
from libs.fake_stripe.specs import CouponSpec
from tests.fake_stripe.merchant import DAY, Shop


def _second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("start", "interval", "count", "expected"),
    [
        ("2025-01-31", "month", 1, "2025-02-28"),
        ("2024-02-29", "year", 1, "2025-02-28"),
        ("2025-11-30", "month", 3, "2026-02-28"),
        ("2025-01-01", "week", 2, "2025-01-15"),
        ("2025-12-31", "day", 1, "2026-01-01"),
    ],
)
def test_periods_add_up_as_the_calendar_has_it(start: str, interval: str, count: int, expected: str) -> None:
    assert add_interval(_second(start), interval, count) == _second(expected)


def test_a_month_end_anchor_comes_back_after_a_short_month() -> None:
    anchor = _second("2025-01-31")
    assert add_interval(_second("2025-02-28"), "month", 1, anchor) == _second("2025-03-31")


def test_a_trial_gives_notice_three_days_before_and_then_pays() -> None:
    shop = Shop()
    made = shop.subscribe(trial_days=14)
    assert made["status"] == "trialing"
    before = len(shop.fake.events)
    shop.pass_days(11)
    assert shop.types_since(before) == ["customer.subscription.trial_will_end"]
    shop.pass_days(4)
    assert shop.last("customer.subscription.updated")["data"]["previous_attributes"]["status"] == "trialing"
    assert shop.last("invoice.paid")["data"]["object"]["amount_paid"] == 1000


def test_a_renewal_is_told_ahead_where_the_merchant_asked_for_it() -> None:
    shop = Shop(AccountSettings(upcoming_days=7))
    made = shop.subscribe(shop.price(interval="year"), quantity=3)
    shop.pass_days(357)
    before = len(shop.fake.events)
    shop.pass_days(2)
    assert shop.types_since(before) == ["invoice.upcoming"]
    told = shop.last("invoice.upcoming")["data"]["object"]
    assert (told["object"], told["status"], told["amount_due"]) == ("invoice", "draft", 3000)
    assert told["parent"]["subscription_details"]["subscription"] == made["id"]
    assert "id" not in told
    assert told["lines"]["data"][0]["period"]["start"] == made["items"]["data"][0]["current_period_end"]
    shop.pass_days(7)
    assert shop.last("invoice.paid")["data"]["object"]["amount_paid"] == 3000


@pytest.mark.parametrize("way", ["leaves", "is sent an invoice"])
def test_no_renewal_is_told_of_what_is_not_collected(way: str) -> None:
    shop = Shop(AccountSettings(upcoming_days=7))
    made = shop.subscribe(collection_method="send_invoice" if way == "is sent an invoice" else "charge_automatically")
    if way == "leaves":
        shop.engine.update_subscription(made["id"], changes.ScheduleCancellation())
    shop.pass_days(40)
    assert "invoice.upcoming" not in shop.types_since(0)


@pytest.mark.parametrize(
    ("behavior", "status"), [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")]
)
def test_a_trial_that_ends_without_a_way_to_pay(behavior: str, status: str) -> None:
    shop = Shop()
    shop.engine.set_payment_outcome(shop.customer, "no_payment_method")
    made = shop.subscribe(trial_days=7, trial_end_without_payment_method=behavior)
    shop.pass_days(8)
    assert shop.subscription(made["id"])["status"] == status


def test_each_item_renews_in_its_own_rhythm() -> None:
    shop = Shop()
    shop.subscribe(shop.price("1000"), shop.price("9000", interval="year"), shop.price("300", interval="week"))
    shop.pass_days(364)
    paid = [event["data"]["object"] for event in shop.fake.events if event["type"] == "invoice.paid"]
    assert sum(each["amount_paid"] for each in paid) == 12 * 1000 + 9000 + 53 * 300 - 300


def test_a_cancellation_at_period_end_ends_there_and_can_be_withdrawn() -> None:
    shop = Shop()
    made = shop.subscribe()
    end = made["items"]["data"][0]["current_period_end"]
    scheduled = shop.engine.update_subscription(made["id"], changes.ScheduleCancellation())
    assert (scheduled["cancel_at_period_end"], scheduled["cancel_at"]) == (True, end)
    withdrawn = shop.engine.update_subscription(made["id"], changes.WithdrawCancellation())
    assert withdrawn["cancel_at"] is withdrawn["canceled_at"] is None
    asked_at = shop.fake.clock.now
    shop.engine.update_subscription(made["id"], changes.ScheduleCancellation())
    shop.pass_days(40)
    ended = shop.last("customer.subscription.deleted")
    assert (ended["created"], ended["data"]["object"]["ended_at"]) == (end, end)
    assert ended["data"]["object"]["canceled_at"] == asked_at


def test_items_of_different_rhythm_end_on_the_last_period_end() -> None:
    shop = Shop()
    made = shop.subscribe(shop.price("1000"), shop.price("9000", interval="year"))
    scheduled = shop.engine.update_subscription(made["id"], changes.ScheduleCancellation())
    assert scheduled["cancel_at_period_end"] is False
    assert scheduled["cancel_at"] == made["items"]["data"][1]["current_period_end"]


def test_a_repeating_discount_outlives_its_end_until_the_next_renewal() -> None:
    shop = Shop()
    coupon = shop.engine.create_coupon(CouponSpec(percent_off=50.0, duration="repeating", months=1))["id"]
    made = shop.subscribe(shop.price("9000", count=3), coupons=(coupon,))
    shop.pass_days(60)
    before = len(shop.fake.events)
    assert shop.subscription(made["id"])["discounts"] == made["discounts"]
    shop.pass_days(40)
    renewal = shop.types_since(before)
    assert renewal[:2] == ["customer.subscription.updated", "customer.discount.deleted"]
    assert shop.subscription(made["id"])["discounts"] == []
    assert shop.last("invoice.paid")["data"]["object"]["amount_paid"] == 9000


def test_a_once_discount_reduces_one_invoice() -> None:
    shop = Shop()
    coupon = shop.engine.create_coupon(CouponSpec(amount_off=400, currency="usd", duration="once"))["id"]
    shop.subscribe(coupons=(coupon,))
    shop.pass_days(40)
    paid = [each["data"]["object"]["amount_paid"] for each in shop.fake.events if each["type"] == "invoice.paid"]
    assert paid == [600, 1000]


@pytest.mark.parametrize(
    ("behavior", "event", "status"),
    [
        ("void", "invoice.voided", "void"),
        ("mark_uncollectible", "invoice.marked_uncollectible", "uncollectible"),
        ("keep_as_draft", "invoice.created", "draft"),
    ],
)
def test_paused_collection_goes_on_invoicing_but_takes_no_money(behavior: str, event: str, status: str) -> None:
    shop = Shop()
    made = shop.subscribe()
    shop.engine.update_subscription(made["id"], changes.PauseCollection(behavior))  # type: ignore[arg-type]
    before = len(shop.fake.events)
    shop.pass_days(32)
    assert shop.last(event)["data"]["object"]["status"] == status
    assert "invoice.paid" not in shop.types_since(before)
    assert shop.subscription(made["id"])["status"] == "active"


def test_paused_collection_resumes_by_the_clock() -> None:
    shop = Shop()
    made = shop.subscribe()
    pause = changes.PauseCollection("void", shop.fake.clock.now + 10 * DAY)
    shop.engine.update_subscription(made["id"], pause)
    shop.pass_days(11)
    assert shop.subscription(made["id"])["pause_collection"] is None
    resumed = shop.last("customer.subscription.updated")
    assert resumed["data"]["previous_attributes"] == {
        "pause_collection": {"behavior": "void", "resumes_at": pause.resumes_at}
    }


def test_the_status_paused_stops_invoices_until_resumed() -> None:
    shop = Shop()
    made = shop.subscribe()
    paused = shop.engine.pause_subscription(made["id"])
    assert paused["status_details"]["paused"]["subscription"]["type"] == "pause_requested"
    before = len(shop.fake.events)
    shop.pass_days(90)
    assert shop.types_since(before) == []
    resumed = shop.engine.resume_subscription(made["id"])
    assert resumed["status"] == "active"
    assert resumed["items"]["data"][0]["current_period_start"] == shop.fake.clock.now


def test_a_first_payment_that_fails_leaves_it_incomplete_for_23_hours() -> None:
    shop = Shop()
    shop.engine.set_payment_outcome(shop.customer, "insufficient_funds")
    made = shop.subscribe()
    assert made["status"] == "incomplete"
    shop.pass_days(1)
    assert shop.subscription(made["id"])["status"] == "incomplete_expired"
    assert shop.last("customer.subscription.updated")["data"]["previous_attributes"]["status"] == "incomplete"


def test_default_incomplete_is_created_and_activated_within_one_second() -> None:
    shop = Shop()
    shop.subscribe(payment_behavior="default_incomplete")
    created, activated = shop.last("customer.subscription.created"), shop.last("customer.subscription.updated")
    assert created["created"] == activated["created"]
    assert created["data"]["object"]["status"] == "incomplete"
    assert activated["data"]["previous_attributes"] == {"status": "incomplete"}


@pytest.mark.parametrize(
    ("setting", "status"),
    [("cancel", "canceled"), ("unpaid", "unpaid"), ("past_due", "past_due"), ("pause", "paused")],
)
def test_dunning_ends_as_the_merchant_has_set(setting: str, status: str) -> None:
    shop = Shop(AccountSettings(after_last_retry=setting))  # type: ignore[arg-type]
    made = shop.subscribe()
    shop.engine.set_payment_outcome(shop.customer, "insufficient_funds")
    shop.pass_days(31 + 16)
    assert shop.subscription(made["id"])["status"] == status
    failed = [each["data"]["object"] for each in shop.fake.events if each["type"] == "invoice.payment_failed"]
    assert [each["attempt_count"] for each in failed] == [1, 2, 3, 4]
    assert [each["next_payment_attempt"] is None for each in failed] == [False, False, False, True]


def test_a_cancellation_by_dunning_says_so() -> None:
    shop = Shop()
    shop.subscribe()
    shop.engine.set_payment_outcome(shop.customer, "insufficient_funds")
    shop.pass_days(31 + 16)
    ended = shop.last("customer.subscription.deleted")["data"]["object"]
    assert ended["cancellation_details"]["reason"] == "payment_failed"


def test_a_retry_that_succeeds_recovers_subscription_and_customer() -> None:
    shop = Shop()
    made = shop.subscribe()
    shop.engine.set_payment_outcome(shop.customer, "insufficient_funds")
    shop.pass_days(32)
    assert shop.subscription(made["id"])["status"] == "past_due"
    assert shop.fake.objects("customer")[0]["delinquent"] is True
    shop.engine.set_payment_outcome(shop.customer, "succeeds")
    shop.pass_days(4)
    assert shop.subscription(made["id"])["status"] == "active"
    assert shop.fake.objects("customer")[0]["delinquent"] is False


def test_after_a_hard_decline_retries_are_counted_but_the_card_is_not_tried() -> None:
    shop = Shop()
    shop.subscribe()
    shop.engine.set_payment_outcome(shop.customer, "lost_card")
    shop.pass_days(31 + 16)
    types = [each["type"] for each in shop.fake.events]
    assert (types.count("charge.failed"), types.count("invoice.payment_failed")) == (1, 4)


def test_a_sent_invoice_that_is_not_paid_is_overdue() -> None:
    shop = Shop()
    shop.engine.set_payment_outcome(shop.customer, "insufficient_funds")
    made = shop.subscribe(collection_method="send_invoice", days_until_due=10)
    assert made["status"] == "active"
    shop.pass_days(11)
    assert shop.last("invoice.overdue")["data"]["object"]["id"] == made["latest_invoice"]
    assert shop.subscription(made["id"])["status"] == "past_due"


def test_deleting_a_customer_ends_its_subscriptions_first() -> None:
    shop = Shop()
    shop.subscribe()
    before = len(shop.fake.events)
    shop.engine.delete_customer(shop.customer)
    assert shop.types_since(before) == ["customer.subscription.deleted", "customer.deleted"]
    shop.pass_days(400)
    assert len(shop.fake.events) == before + 2
