"""One example of every record, by topic: what travels, as a reader of the contract would like to see it."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import orjson

from libs.wire import topics
from libs.wire.records import (
    BelongingSince,
    ClientMember,
    ClientRecord,
    ContributionChanged,
    CourseStep,
    DirectoryRecord,
    HealthPartTold,
    HealthRecord,
    IncompleteSubscription,
    InvoiceActivity,
    MappingOptions,
    MovementRecord,
    Record,
    Revision,
    SettingsRecord,
    SignalRecord,
    StripeRecord,
    SubscriptionContribution,
    VersionMark,
)
from tests.wire.activity_examples import DECISION, MOVED, RISKY
from tests.wire.stripe_objects import subscription

AT = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
SEATS = SubscriptionContribution(
    subscription="sub_1", status="active", currency="usd", exact="24999/2", counted=True, rule="counted"
)
UNKNOWN_TIERS = SubscriptionContribution(
    subscription="sub_2",
    status="past_due",
    currency="usd",
    exact="0",
    counted=True,
    rule="counted",
    gaps=("tiers:price_1",),
)

STRIPE_RECORD = StripeRecord(
    project="prj_1",
    account="acct_1",
    livemode=True,
    source="webhook",
    type="customer.subscription.updated",
    version=VersionMark(AT, 3),
    object=msgspec.Raw(orjson.dumps(subscription())),
    event_id="evt_1",
    previous_attributes=msgspec.Raw(b'{"cancel_at_period_end":true}'),
    api_version="2026-10-28.endive",
    customer="cus_1",
    incomplete=("coupon:HALF",),
)
SNAPSHOT_RECORD = StripeRecord(
    project="prj_1",
    account="acct_1",
    livemode=False,
    source="snapshot",
    type="subscription.snapshot",
    version=VersionMark(AT, 0),
    object=msgspec.Raw(b'{"id":"sub_1"}'),
)
CONTRIBUTION = ContributionChanged(
    project="prj_1",
    client="acme",
    customer="cus_1",
    account="acct_1",
    livemode=True,
    occurred_at=AT,
    revision=Revision(epoch=1, offset=42, settings=3, evaluated_at=AT),
    caused_by=("evt_1",),
    first_paid_at=AT,
    subscriptions=(SEATS, UNKNOWN_TIERS),
    matched_by="domain",
    email_domain="acme.example",
    belongings=(BelongingSince("customer:cus_1"), BelongingSince("acme", AT)),
    steps=(
        CourseStep(
            subscription="sub_1",
            at=AT,
            told_at=AT,
            currency="usd",
            exact="24999/2",
            counted=True,
            rule="counted",
            gross="24999/2",
            prices="9d2f",
            quantities="1c07",
            caused_by=("evt_1",),
        ),
    ),
)
FAILED_INVOICE = InvoiceActivity(
    id="cus_1/in_1/evt_2",
    project="prj_1",
    client="acme",
    customer="cus_1",
    account="acct_1",
    livemode=True,
    occurred_at=AT,
    version=VersionMark(AT, 3),
    invoice="in_1",
    outcome="failed",
    currency="usd",
    amount_due=4000,
    subscription="sub_1",
    attempt=2,
    next_attempt_at=AT,
    caused_by=("evt_2",),
)
CLIENT = ClientRecord(
    project="prj_1",
    client="acme",
    livemode=True,
    status="active",
    mrr_by_currency={"usd": "125.00"},
    exact_by_currency={"usd": "24999/2"},
    active_subscriptions=2,
    active_subscribers=1,
    customers=("cus_1",),
    subscriptions=("sub_1", "sub_2"),
    contributions={"cus_1": (SEATS, UNKNOWN_TIERS)},
    as_of=AT,
    revision=7,
    incomplete=(IncompleteSubscription("sub_2", "tiers:price_1"),),
    first_paid_at=AT,
    caused_by=("evt_1",),
    members=(
        ClientMember(
            customer="cus_1",
            account="acct_1",
            revision=Revision(epoch=1, offset=42, settings=3, evaluated_at=AT),
            matched_by="domain",
            email_domain="acme.example",
            belongings=(BelongingSince("customer:cus_1"), BelongingSince("acme", AT)),
        ),
    ),
    booked={"usd": "24999/2"},
)
MOVEMENT = MovementRecord(
    id="acme/1793527200/usd",
    project="prj_1",
    client="acme",
    livemode=True,
    settings=3,
    occurred_at=AT,
    kind="new",
    currency="usd",
    amount="125.00",
    after="125.00",
    exact="24999/2",
    exact_after="24999/2",
    base_amount="125.00",
    own={"usd": "24999/2"},
    customer="cus_1",
    subscription="sub_1",
    reason="subscription_started",
    caused_by=("evt_1",),
    recorded_at=AT,
    revision=9,
)
UNDONE = MovementRecord(
    id="acme/1793440800/usd",
    project="prj_1",
    client="acme",
    livemode=True,
    settings=3,
    occurred_at=AT,
    deleted=True,
    currency="usd",
    revision=10,
)
SIGNAL = SignalRecord(
    id="payment_failed:in_1",
    project="prj_1",
    client="acme",
    customer="cus_1",
    rule="payment_failed",
    severity="high",
    status="open",
    opened_at=AT,
    updated_at=AT,
    message="The second attempt to collect USD 40.00 failed",
    subscription="sub_1",
    invoice="in_1",
    mrr_at_risk={"usd": "125.00"},
    amount_due={"usd": "40.00"},
    attempt=2,
    next_attempt_at=AT,
    evidence=("evt_2",),
)

HEALTH = HealthRecord(
    project="prj_1",
    client="acme",
    livemode=True,
    score=72,
    parts=(HealthPartTold("revenue_tier", 20, 67, "125.00 USD a month: tier 2 of 3"),),
    open_signals=1,
    as_of=AT,
)

EXAMPLES: Mapping[str, tuple[Record, ...]] = {
    topics.STRIPE_EVENTS.name: (STRIPE_RECORD, SNAPSHOT_RECORD),
    topics.PROJECT_SETTINGS.name: (
        SettingsRecord(
            project="prj_1",
            version=3,
            preset="stripe",
            policy={"include_trials": True},
            mapping=MappingOptions(metadata_key="crm_id", free_domains=("club.example",)),
        ),
    ),
    topics.CLIENT_DIRECTORY.name: (
        DirectoryRecord(
            project="prj_1",
            client="acme",
            version=2,
            name="Acme",
            stakeholder_emails=("cfo@acme.example",),
            domains=("acme.example",),
            stripe_customers=("cus_1",),
            updated_at=AT,
        ),
    ),
    topics.CLIENT_ACTIVITY.name: (CONTRIBUTION, FAILED_INVOICE, *RISKY, DECISION, MOVED),
    topics.REVENUE_CLIENTS.name: (CLIENT,),
    topics.REVENUE_MOVEMENTS.name: (MOVEMENT, UNDONE),
    topics.CHURN_SIGNALS.name: (SIGNAL,),
    topics.CLIENT_HEALTH.name: (HEALTH,),
}
