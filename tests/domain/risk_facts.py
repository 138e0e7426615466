"""Facts about risk in which only what matters must be said: one subscription at 50.00 USD a month, days after T0."""

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction

from libs.domain.client_state import CustomerRevenue, Revision, SubscriptionRevenue
from libs.domain.identity import ClientId, Currency, CustomerId, EventId, InvoiceId, ProjectId, SubscriptionId
from libs.domain.invoice import PaymentOutcome
from libs.domain.risk import (
    DEFAULT_RISK,
    NO_RISK,
    ClientRisk,
    Decision,
    InvoicePayment,
    RiskFact,
    RiskSettings,
    Signal,
    Verdict,
    assess,
    with_decision,
    with_fact,
    with_revenue,
)
from libs.domain.risk.facts import (
    ENDED,
    CustomerFact,
    CustomerStanding,
    Decline,
    DisputeFact,
    DisputeStanding,
    MethodFact,
    MethodStanding,
    SubscriptionFact,
    SubscriptionStanding,
    WarningFact,
    WarningStanding,
)
from libs.domain.subscription import SubscriptionStatus
from libs.domain.version import Rank
from tests.domain.states import T0, after, told

OWNER = (ProjectId("p1"), ClientId("acme"))
CUSTOMER, SUBSCRIPTION, USD = CustomerId("cus_1"), SubscriptionId("sub_1"), Currency("usd")
FIFTY = Fraction(5000)


def day(number: float) -> datetime:
    return after(days=number)


def sub(at: float, status: str = "active", worth: int = 5000, renewal: int = 0, **fields: object) -> SubscriptionFact:
    """A version of the subscription `at` days after T0, as an event tells of it; `event` None makes it a snapshot."""
    event = fields.pop("event", "evt")
    standing = SubscriptionStanding(
        subscription=SubscriptionId(str(fields.pop("name", SUBSCRIPTION))),
        customer=CUSTOMER,
        status=SubscriptionStatus(status),
        currency=USD,
        worth=Fraction(worth),
        renewal=Fraction(renewal),
        **{"period_start": T0, "period_end": day(365), "method": "pm_1", "started_at": T0, **fields},  # type: ignore[arg-type]
    )
    ended = standing.status in ENDED
    rank = (Rank.TERMINAL if ended else Rank.UPDATE) if event else (Rank.TERMINAL_SNAPSHOT if ended else Rank.SNAPSHOT)
    return told(standing, day(at), rank, event=None if event is None else str(event))


def owner(at: float, method: str | None = None, deleted: bool = False) -> CustomerFact:
    return told(CustomerStanding(CUSTOMER, method, deleted), day(at))


def card(at: float, expires: datetime | None, name: str = "pm_1", detached: bool = False) -> MethodFact:
    return told(MethodStanding(name, CUSTOMER, expires, detached), day(at))


def dispute(at: float, status: str = "needs_response", event: str | None = "evt") -> DisputeFact:
    standing = DisputeStanding("dp_1", CUSTOMER, status, "fraudulent", USD, 5000, day(1), day(8))
    return told(standing, day(at), event=event)


def warning(at: float, actionable: bool = True, event: str | None = "evt") -> WarningFact:
    standing = WarningStanding("issfr_1", CUSTOMER, "made_with_stolen_card", actionable, day(1))
    return told(standing, day(at), event=event)


def invoice(
    at: float, outcome: str = "failed", attempt: int = 1, retry: datetime | None = None, due: int = 5000
) -> InvoicePayment:
    return InvoicePayment(
        invoice=InvoiceId("in_1"),
        customer=CUSTOMER,
        at=day(at),
        rank=Rank.TERMINAL if outcome in {"paid", "voided"} else Rank.UPDATE,
        outcome=PaymentOutcome(outcome),
        currency=USD,
        amount_due=due,
        subscription=SUBSCRIPTION,
        attempt=attempt,
        next_attempt_at=retry,
        events=(EventId(f"evt_{outcome}_{at}"),),
    )


def decline(at: float, code: str, advice: str | None = None, amount: int = 5000) -> Decline:
    return Decline(f"ch_{code}_{at}", CUSTOMER, day(at), USD, amount, code, advice, event=EventId(f"evt_{code}"))


def pays(amount: int = 5000, name: str = SUBSCRIPTION) -> CustomerRevenue:
    share = SubscriptionRevenue(SubscriptionId(name), SubscriptionStatus.ACTIVE, USD, Fraction(amount), True, "counted")
    return CustomerRevenue(CUSTOMER, Revision(0, amount, 0, T0), T0, (share,))


def verdict(at: float, signal: str, kind: str = "acknowledge", until: datetime | None = None) -> Decision:
    return Decision(day(at), signal, Verdict(kind), f"dec_{at}", until)


def risk_of(*facts: RiskFact, revenue: CustomerRevenue | None = None, decisions: Iterable[Decision] = ()) -> ClientRisk:
    """What is kept of the client after these facts; it pays 50.00 a month unless another contribution is given."""
    risk = with_revenue(NO_RISK, revenue or pays())
    for fact in facts:
        risk = with_fact(risk, fact)
    for one in decisions:
        risk = with_decision(risk, one)
    return risk


def signals_at(
    now: float, *facts: RiskFact, settings: RiskSettings = DEFAULT_RISK, decisions: Iterable[Decision] = ()
) -> tuple[Signal, ...]:
    """The signals `now` days after T0."""
    return assess(risk_of(*facts, decisions=decisions), OWNER, day(now), settings).signals


def one_of(rule: str, signals: Iterable[Signal]) -> Signal:
    (found,) = (signal for signal in signals if signal.rule == rule)
    return found
