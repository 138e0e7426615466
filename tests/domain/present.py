"""What a customer pays at an instant by the rules of the present: what the ledger is held to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction

from libs.domain.contribution import contribution
from libs.domain.customer_state import EMPTY, CustomerState, fold
from libs.domain.fact import Fact
from libs.domain.identity import Currency
from libs.domain.policy import Policy
from libs.domain.totals import Total, by_currency


@dataclass(slots=True)
class Present:
    """One customer's facts, in any order."""

    facts: Sequence[Fact]
    states: dict[int, CustomerState] = field(default_factory=dict)

    def mrr_at(self, policy: Policy, at: datetime) -> dict[Currency, Fraction]:
        """Asked at `at` of what had happened by then; what discounts grant is timeless."""
        shares = contribution(self._state(at), policy, at).subscriptions
        return by_currency(Total(share.mrr.amount, share.mrr.currency) for share in shares)

    def _state(self, at: datetime) -> CustomerState:
        happened = [fact for fact in self.facts if fact.at <= at]
        if len(happened) not in self.states:
            self.states[len(happened)] = replace(fold(EMPTY, happened, None), known=self._everything().known)
        return self.states[len(happened)]

    def _everything(self) -> CustomerState:
        if len(self.facts) not in self.states:
            self.states[len(self.facts)] = fold(EMPTY, self.facts, None)
        return self.states[len(self.facts)]
