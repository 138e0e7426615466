"""Today's MRR of a customer under every preset: the stored versions go through the rules once for each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

import msgspec

from libs.domain.contribution import SubscriptionShare, contribution
from libs.domain.customer_state import EMPTY, fold
from libs.domain.fact import Fact
from libs.domain.policy import PRESETS, Policy
from libs.wire.codec import MalformedRecord, decode
from libs.wire.contribution_codec import exact_amount, exact_text
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import read

REFERENCE = "default"


class Answer(msgspec.Struct, frozen=True):
    """What one preset says of a subscription: exact monthly minor units, whether it counts, and by which rule."""

    exact: str
    counted: bool
    rule: str

    @property
    def amount(self) -> Fraction:
        return exact_amount(self.exact)


class Answers(msgspec.Struct, frozen=True):
    """All presets' answers for one subscription, by preset."""

    currency: str
    by_preset: dict[str, Answer]

    @property
    def differ(self) -> bool:
        return len({answer.exact for answer in self.by_preset.values()}) > 1


@dataclass(frozen=True, slots=True)
class Defined:
    """A customer's subscriptions under every preset, and when the clock next changes one of them."""

    livemode: bool
    subscriptions: Mapping[str, Answers]
    next_change: datetime | None


def define(records: Iterable[bytes], own: Policy, now: datetime) -> Defined:
    """Under every preset; base currency, rates, zone and late window are the project's own."""
    facts, livemode = facts_of(records)
    state = fold(EMPTY, facts, own.late_window)
    found: dict[str, dict[str, SubscriptionShare]] = {}
    changes: list[datetime] = []
    for name, preset in PRESETS.items():
        share = contribution(state, _for_project(preset, own), now)
        changes += [] if share.next_change is None else [share.next_change]
        for one in share.subscriptions:
            found.setdefault(one.mrr.subscription, {})[name] = one
    told = {subscription: _answers(shares) for subscription, shares in found.items()}
    return Defined(livemode, told, min((at for at in changes if at > now), default=None))


def _for_project(preset: Policy, own: Policy) -> Policy:
    return replace(
        preset,
        base_currency=own.base_currency,
        fx=own.fx,
        timezone=own.timezone,
        late_window_days=own.late_window_days,
    )


def _answers(shares: Mapping[str, SubscriptionShare]) -> Answers:
    by_preset = {
        name: Answer(exact_text(one.mrr.amount), one.mrr.counted, one.mrr.rule) for name, one in shares.items()
    }
    return Answers(next(iter(shares.values())).mrr.currency, by_preset)


def facts_of(records: Iterable[bytes]) -> tuple[Sequence[Fact], bool]:
    """What stored versions say, without those that can't be read; and whether they are live data."""
    facts: list[Fact] = []
    livemode = True
    for data in records:
        try:
            record = decode(data, StripeRecord)
            facts += read(record)
        except MalformedRecord:
            continue
        livemode = record.livemode
    return facts, livemode
