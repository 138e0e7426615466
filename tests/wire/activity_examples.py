"""One example of each record of `client.activity` about risk."""

from datetime import UTC, datetime

import msgspec

from libs.wire.activity import (
    CustomerActivity,
    DeclineActivity,
    DisputeActivity,
    FraudWarningActivity,
    PaymentMethodActivity,
    RiskMoved,
    SignalDecision,
    SubscriptionActivity,
)
from libs.wire.records import VersionMark

AT = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
SUBSCRIPTION = SubscriptionActivity(
    id="sub_1:1793527200:3:9d2f",
    project="prj_1",
    client="acme",
    customer="cus_1",
    account="acct_1",
    livemode=True,
    occurred_at=AT,
    version=VersionMark(AT, 3),
    caused_by=("evt_3",),
    subscription="sub_1",
    status="active",
    currency="usd",
    mark="9d2f",
    previous_mark="1c07",
    worth="24999/2",
    renewal="149994",
    cancellation_scheduled=True,
    scheduled_end=AT,
    cancellation_requested_at=AT,
    cancellation_reason="cancellation_requested",
    cancellation_feedback="too_expensive",
    started_at=AT,
    period_start=AT,
    period_end=AT,
    payment_method="pm_1",
)
CUSTOMER = CustomerActivity(
    id="cus_1:1793527200:3:9d2f:pm_1",
    project="prj_1",
    client="acme",
    customer="cus_1",
    account="acct_1",
    livemode=True,
    occurred_at=AT,
    version=VersionMark(AT, 3),
    caused_by=("evt_4",),
    mark="9d2f",
    payment_method="pm_1",
)
PAYMENT_METHOD = PaymentMethodActivity(
    id="pm_1:1793527200:3:2027-04",
    project="prj_1",
    client="acme",
    customer="cus_1",
    account="acct_1",
    livemode=True,
    occurred_at=AT,
    version=VersionMark(AT, 3),
    caused_by=("evt_5",),
    payment_method="pm_1",
    expires="2027-04",
)
DISPUTE = DisputeActivity(
    id="dp_1:1793527200:1:needs_response",
    project="prj_1",
    client="acme",
    customer="cus_1",
    account="acct_1",
    livemode=True,
    occurred_at=AT,
    version=VersionMark(AT, 1),
    caused_by=("evt_6",),
    dispute="dp_1",
    status="needs_response",
    currency="usd",
    amount=4000,
    opened_at=AT,
    reason="fraudulent",
    due_by=AT,
)
FRAUD_WARNING = FraudWarningActivity(
    id="issfr_1:1793527200:1:actionable",
    project="prj_1",
    client="acme",
    customer="cus_1",
    account="acct_1",
    livemode=True,
    occurred_at=AT,
    version=VersionMark(AT, 1),
    caused_by=("evt_7",),
    warning="issfr_1",
    fraud_type="made_with_stolen_card",
    actionable=True,
    opened_at=AT,
)
DECLINE = DeclineActivity(
    id="ch_1:1793527200:3",
    project="prj_1",
    client="acme",
    customer="cus_1",
    account="acct_1",
    livemode=True,
    occurred_at=AT,
    version=VersionMark(AT, 3),
    caused_by=("evt_8",),
    charge="ch_1",
    currency="usd",
    amount=4000,
    code="insufficient_funds",
    advice="try_again_later",
)
DECISION = SignalDecision(
    id="dec_1",
    project="prj_1",
    client="acme",
    signal="sig_1",
    verdict="snooze",
    occurred_at=AT,
    until=AT,
)
MOVED = RiskMoved(
    id="cus_1:9d2f1c07",
    project="prj_1",
    client="acme",
    customer="cus_1",
    livemode=True,
    facts=msgspec.Raw(b'{"newest":null}'),
)
RISKY = (SUBSCRIPTION, CUSTOMER, PAYMENT_METHOD, DISPUTE, FRAUD_WARNING, DECLINE)
