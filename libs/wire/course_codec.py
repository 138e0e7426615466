"""The course of a customer's subscriptions and its belongings as records: domain values to what travels, and back."""

from collections.abc import Collection, Iterable
from datetime import datetime

from libs.domain.identity import ClientId, Currency, CustomerId, EventId, SubscriptionId
from libs.domain.ledger import Belonging, Level
from libs.domain.mrr import Rule
from libs.domain.subscription import Cancellation
from libs.wire.codec import MalformedRecord
from libs.wire.contribution_codec import exact_amount, exact_text
from libs.wire.records import BelongingSince, CourseStep


def course_steps(levels: Iterable[Level]) -> tuple[CourseStep, ...]:
    """The levels as they travel."""
    return tuple(map(_step, levels))


def _step(level: Level) -> CourseStep:
    why = level.cancellation
    return CourseStep(
        subscription=level.subscription,
        at=level.at,
        told_at=level.told_at,
        currency=level.currency,
        exact=exact_text(level.amount),
        counted=level.counted,
        rule=level.rule.value,
        gross=exact_text(level.gross),
        discount=exact_text(level.discount),
        prices=level.prices,
        quantities=level.quantities,
        converts=level.converts,
        estimated=level.estimated,
        learned=level.learned,
        cancellation_reason=None if why is None else why.reason,
        cancellation_feedback=None if why is None else why.feedback,
        caused_by=level.caused_by,
    )


def opened(
    customer: str, steps: tuple[CourseStep, ...], settled: Collection[str], cut: datetime | None
) -> tuple[tuple[CourseStep, ...], tuple[Level, ...]]:
    """Of the steps those of settled time, and of `settled` subscriptions the levels that hold at the cut or come later.

    Raises MalformedRecord.
    """
    if cut is None:
        return (), ()
    closed = tuple([step for step in steps if step.at <= cut and step.subscription in settled])
    held = {step.subscription: step for step in closed}
    later = (step for step in steps if step.at > cut and step.subscription in settled)
    return closed, levels(customer, (*held.values(), *later))


def levels(customer: str, steps: Iterable[CourseStep]) -> tuple[Level, ...]:
    """The levels that the steps of one customer tell of. Raises MalformedRecord."""
    owner = CustomerId(customer)
    try:
        return tuple([_level(owner, step) for step in steps])
    except ValueError as error:
        raise MalformedRecord(f"course of customer {customer}: {error}") from error


def _level(customer: CustomerId, step: CourseStep) -> Level:
    reason, feedback = step.cancellation_reason, step.cancellation_feedback
    return Level(
        at=step.at,
        customer=customer,
        subscription=SubscriptionId(step.subscription),
        currency=Currency(step.currency),
        amount=exact_amount(step.exact),
        counted=step.counted,
        rule=_RULES[step.rule] if step.rule in _RULES else Rule(step.rule),
        told_at=step.told_at,
        gross=exact_amount(step.gross),
        discount=exact_amount(step.discount),
        prices=step.prices,
        quantities=step.quantities,
        converts=step.converts,
        cancellation=Cancellation(reason, feedback) if reason or feedback else None,
        caused_by=tuple(map(EventId, step.caused_by)),
        estimated=step.estimated,
        learned=step.learned,
    )


_RULES = {rule.value: rule for rule in Rule}


def belongings_told(belonging: Belonging) -> tuple[BelongingSince, ...]:
    """To whom a customer belonged since when, as it travels."""
    return tuple(BelongingSince(client, since) for since, client in belonging)


def belonging_of(told: Iterable[BelongingSince]) -> Belonging:
    """To whom a customer belonged since when."""
    return tuple((one.since, ClientId(one.client)) for one in told)
