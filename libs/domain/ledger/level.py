"""What the ledger needs of a step: how much a subscription adds from an instant on, and why."""

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from hashlib import blake2b

from libs.domain.identity import Currency, CustomerId, EventId, SubscriptionId
from libs.domain.ledger.step import Step
from libs.domain.mrr import Rule, SubscriptionMrr
from libs.domain.subscription import Cancellation
from libs.domain.totals import Total
from libs.domain.value import value

NOTHING = Fraction(0)
FINGERPRINT_BYTES = 6


@value(frozen=True, slots=True)
class Level:
    """From `at` on, until its next level, the subscription adds `amount` (exact monthly minor units).

    `prices` and `quantities` are fingerprints: of two levels they tell whether the plan changed or how many of it.
    `converts`: a trial ended at that instant. `told_at` is the time of the version that said so; `learned`: it was told
    too late for its own time, and counts from when it was learned. `estimated`, `caused_by`: see `Step`.
    """

    at: datetime
    customer: CustomerId
    subscription: SubscriptionId
    currency: Currency
    amount: Fraction
    counted: bool
    rule: Rule
    told_at: datetime
    gross: Fraction = NOTHING
    discount: Fraction = NOTHING
    prices: str = ""
    quantities: str = ""
    converts: bool = False
    cancellation: Cancellation | None = None
    caused_by: tuple[EventId, ...] = ()
    estimated: bool = False
    learned: bool = False

    @property
    def own(self) -> Total:
        """The amount in the subscription's own currency."""
        return Total(self.amount, self.currency)


def levels_of(steps: Iterable[Step]) -> tuple[Level, ...]:
    """The steps as the ledger takes them, without those that say the same as the one before."""
    last: dict[SubscriptionId, tuple[SubscriptionMrr, Level]] = {}
    kept: list[Level] = []
    for step in steps:
        mrr = step.mrr
        before = last.get(mrr.subscription)
        if before is not None and before[0] is mrr and mrr.counted:
            continue  # the same answer, and no cancellation to tell of
        level = level_of(step)
        if before is None or not says_the_same(before[1], level):
            kept.append(level)
            last[mrr.subscription] = mrr, level
    return tuple(kept)


def level_of(step: Step) -> Level:
    """What the ledger needs of one step."""
    mrr, content = step.mrr, step.version.content
    why = content.cancellation
    return Level(
        step.at,
        step.customer,
        mrr.subscription,
        mrr.currency,
        mrr.amount,
        mrr.counted,
        mrr.rule,
        step.version.at,
        *_made_of(mrr),
        content.trial_end == step.at,
        why if not mrr.counted and (why.reason or why.feedback) else None,
        step.caused_by,
        step.estimated,
    )


def learned_level(customer: CustomerId, mrr: SubscriptionMrr, at: datetime) -> Level:
    """What a subscription adds, from the instant at which that was learned."""
    gross, discount, prices, quantities = _made_of(mrr)
    return Level(
        at=at,
        customer=customer,
        subscription=mrr.subscription,
        currency=mrr.currency,
        amount=mrr.amount,
        counted=mrr.counted,
        rule=mrr.rule,
        told_at=at,
        gross=gross,
        discount=discount,
        prices=prices,
        quantities=quantities,
        learned=True,
    )


def says_the_same(one: Level, other: Level) -> bool:
    """Whether two levels of one subscription are the same but for when and by what they came to be."""
    return (
        one.amount == other.amount
        and one.counted == other.counted
        and one.rule == other.rule
        and one.currency == other.currency
        and one.prices == other.prices
        and one.quantities == other.quantities
        and one.discount == other.discount
        and one.gross == other.gross
        and one.cancellation == other.cancellation
    )


def _made_of(mrr: SubscriptionMrr) -> tuple[Fraction, Fraction, str, str]:
    """Gross amount and discount, and the fingerprints of the plan."""
    items = mrr.items
    if len(items) == 1:
        return items[0].gross, items[0].discount, *_plan(mrr)
    gross = sum((item.gross for item in items if item.gross), NOTHING)
    discount = sum((item.discount for item in items if item.discount), NOTHING)
    return gross, discount, *_plan(mrr)


def _plan(mrr: SubscriptionMrr) -> tuple[str, str]:
    """Fingerprints of the prices, and of how many of each."""
    if len(mrr.items) == 1:
        item = mrr.items[0]
        return item.price, str(1 if item.quantity is None else item.quantity)
    found: dict[str, int] = {}
    for item in mrr.items:
        found[item.price] = found.get(item.price, 0) + (1 if item.quantity is None else item.quantity)
    names = sorted(found)
    return _fingerprint(names), _fingerprint([f"{found[name]}" for name in names])


def _fingerprint(texts: list[str]) -> str:
    return blake2b("\0".join(texts).encode(), digest_size=FINGERPRINT_BYTES).hexdigest()
