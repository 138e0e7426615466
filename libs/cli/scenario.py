"""A scenario: an account as it is told in a file, checked in every part before anything is computed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from libs.cli.activity_facts import Activities, activities_of
from libs.cli.located import Located, ScenarioError
from libs.cli.money_told import MoneyTold, money_told
from libs.cli.policies import policy_at
from libs.cli.stripe_facts import StripeObjects, Told, facts_of
from libs.domain.identity import ClientId, CustomerId
from libs.domain.mapping import ClientEntry
from libs.domain.metrics import Period
from libs.domain.policy import Policy
from libs.domain.risk import DEFAULT_RISK, RiskSettings, RiskSettingsError, risk_settings

KNOWN = (
    "as_of",
    "policy",
    "clients",
    "customers",
    "subscriptions",
    "coupons",
    "discounts",
    "prices",
    "invoices",
    "events",
    "period",
    "risk",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """`facts` are those that hold at `as_of`, events in the order of their delivery; `notes` tell what of the file was
    left aside."""

    as_of: datetime
    policy: Policy
    clients: tuple[ClientEntry, ...]
    facts: tuple[Told, ...]
    period: Period | None
    money: MoneyTold = field(default_factory=MoneyTold)
    notes: tuple[str, ...] = ()
    activities: Activities = ()
    risk: RiskSettings = DEFAULT_RISK


def read_scenario(value: object, clock: Callable[[], datetime]) -> Scenario:
    """The scenario in parsed JSON; `clock` tells `as_of` where it names none. Raises ScenarioError with the path."""
    top = Located("", value)
    unknown = [name for name in top.members() if name not in KNOWN]
    as_of = clock() if top.at("as_of").value is None else top.at("as_of").instant()
    objects = _objects(top)
    facts, later = facts_of(objects, as_of)
    notes = [f"{name} is not known here and was left aside" for name in unknown]
    policy = policy_at(top.at("policy"))
    if later:
        notes.append(f"{later} events are later than as_of and do not count yet")
    return Scenario(
        as_of=as_of,
        policy=policy,
        clients=_clients(top.at("clients")),
        facts=facts,
        period=_period(top.at("period")),
        money=money_told(objects, as_of),
        notes=tuple(notes),
        activities=activities_of(objects, as_of, policy),
        risk=_risk(top.at("risk")),
    )


def _objects(top: Located) -> StripeObjects:
    return StripeObjects(
        customers=tuple(top.at("customers").elements()),
        subscriptions=tuple(top.at("subscriptions").elements()),
        invoices=tuple(top.at("invoices").elements()),
        coupons=tuple(top.at("coupons").elements()),
        discounts=tuple(top.at("discounts").elements()),
        prices=tuple(top.at("prices").elements()),
        events=tuple(top.at("events").elements()),
    )


def _clients(given: Located) -> tuple[ClientEntry, ...]:
    read: dict[ClientId, ClientEntry] = {}
    for one in given.elements():
        entry = _client(one)
        if entry.client in read:
            one.at("client").refuse(f"{entry.client} is there twice")
        read[entry.client] = entry
    return tuple(read.values())


def _client(one: Located) -> ClientEntry:
    return ClientEntry(
        client=ClientId(one.at("client").text()),
        stakeholder_emails=one.at("stakeholder_emails").texts(),
        domains=one.at("domains").texts(),
        stripe_customers=tuple(map(CustomerId, one.at("stripe_customers").texts())),
    )


def _risk(given: Located) -> RiskSettings:
    if given.value is None:
        return DEFAULT_RISK
    try:
        return risk_settings(given.members())
    except RiskSettingsError as error:
        raise ScenarioError(f"{given.path}.{error.option}", error.fault) from error


def _period(given: Located) -> Period | None:
    if given.value is None:
        return None
    period = Period(given.at("from").day(), given.at("to").day())
    if period.last < period.first:
        raise ScenarioError(given.path, f"ends on {period.last}, before it begins on {period.first}")
    return period
