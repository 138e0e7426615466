"""A record of `stripe.events` as what happened to a client: the records of `client.activity` about risk.

Each follows from one object version alone (and the project's policy), and so does its id: a repeat says the same again.
"""

from collections.abc import Iterator

from msgspec import UNSET, UnsetType

from libs.domain.customer import Customer
from libs.domain.fact import about_customer, about_invoice, about_subscription
from libs.domain.invoice import Invoice, PaymentOutcome, payment_outcome
from libs.domain.mrr import Evaluate, evaluate
from libs.domain.policy import Policy
from libs.domain.risk.standing import Worth, scheduled_end, worth_of
from libs.domain.subscription import Subscription
from libs.domain.version import Rank, Version
from libs.wire.activity import CustomerActivity, SubscriptionActivity, Troubling
from libs.wire.contribution_codec import exact_text
from libs.wire.records import InvoiceActivity, StripeRecord, VersionMark
from libs.wire.stripe_event.narrowing import id_of
from libs.wire.stripe_event.reading import Seen
from libs.wire.stripe_event.shapes import CustomerShape, Reference, SubscriptionShape
from libs.wire.stripe_event.troubles import Place, troubles

ACTION_REQUIRED = "invoice.payment_action_required"


def activities(
    record: StripeRecord, seen: Seen, policy: Policy, appraise: Evaluate = evaluate
) -> Iterator[InvoiceActivity | Troubling]:
    """What `record`, as it was `seen`, tells of its customer's client. Nothing where it names no customer.

    The `client` is left empty: whose customer it is, the record doesn't say. Raises MalformedRecord.
    """
    if record.customer is None:
        return
    shape = seen.shape
    for fact in seen.facts:
        place = Place(record, VersionMark(fact.at, fact.rank))
        if about_subscription(fact) and isinstance(shape, SubscriptionShape):
            yield _subscription(fact, shape, place, worth_of(fact.content, policy, fact.at, appraise))
        elif about_customer(fact) and isinstance(shape, CustomerShape):
            yield _customer(fact, shape, place)
        elif about_invoice(fact):
            yield _invoice(record, fact.content, place)
    yield from troubles(record)


def _subscription(
    fact: Version[Subscription], paid_by: SubscriptionShape, place: Place, worth: Worth
) -> SubscriptionActivity:
    it = fact.content
    return SubscriptionActivity(
        **place.named(it.id, fact.digest),
        subscription=it.id,
        status=it.status.value,
        currency=it.currency,
        mark=fact.digest.hex(),
        previous_mark=None if fact.previous is None else fact.previous.hex(),
        worth=None if worth.monthly is None else exact_text(worth.monthly),
        renewal=exact_text(worth.renewal),
        collection_paused=it.pause_collection is not None,
        cancellation_scheduled=it.cancel_at_period_end or it.cancel_at is not None,
        scheduled_end=scheduled_end(it),
        cancellation_requested_at=it.canceled_at,
        ended_at=it.ended_at,
        cancellation_reason=it.cancellation.reason,
        cancellation_feedback=it.cancellation.feedback,
        trial_end=it.trial_end,
        started_at=it.start_date,
        period_start=it.current_period_start,
        period_end=it.current_period_end,
        payment_method=_named(paid_by.default_payment_method) or _named(paid_by.default_source),
        payment_method_known=(paid_by.default_payment_method, paid_by.default_source) != (UNSET, UNSET),
        collected_automatically=(paid_by.collection_method or paid_by.billing) != "send_invoice",
    )


def _named(method: str | Reference | UnsetType | None) -> str | None:
    return None if method is UNSET else id_of(method)


def _customer(fact: Version[Customer], paid_by: CustomerShape, place: Place) -> CustomerActivity:
    by_default = paid_by.invoice_settings and id_of(paid_by.invoice_settings.default_payment_method)
    method = by_default or id_of(paid_by.default_source)
    return CustomerActivity(
        **place.named(fact.content.id, fact.digest, method or ""),
        mark=fact.digest.hex(),
        previous_mark=None if fact.previous is None else fact.previous.hex(),
        payment_method=method,
        deleted=fact.rank >= Rank.TERMINAL_SNAPSHOT or fact.content.deleted,
    )


def _invoice(record: StripeRecord, it: Invoice, place: Place) -> InvoiceActivity:
    outcome = payment_outcome(it)
    if record.type == ACTION_REQUIRED and outcome in {PaymentOutcome.OPEN, PaymentOutcome.FAILED}:
        outcome = PaymentOutcome.ACTION_REQUIRED
    return InvoiceActivity(
        **place.named(it.id),
        invoice=it.id,
        outcome=outcome.value,
        currency=it.currency,
        amount_due=it.amount_due,
        subscription=it.subscription,
        attempt=it.attempt_count,
        next_attempt_at=it.next_attempt_at,
        collected_automatically=it.collected_automatically,
    )
