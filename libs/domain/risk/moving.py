"""A customer that goes to another client takes along what happened to it: its troubles are the other client's now."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from libs.domain.identity import CustomerId
from libs.domain.risk.client_risk import NO_RISK, ClientRisk, RiskFact, with_fact
from libs.domain.risk.facts import VersionFact


def facts_of(risk: ClientRisk, customer: CustomerId) -> ClientRisk:
    """What happened to one customer, apart from what it pays and what people decided."""
    return replace(_cut(risk, lambda name: name == customer), revenue=NO_RISK.revenue, decisions=())


def without_facts(risk: ClientRisk, customer: CustomerId) -> ClientRisk:
    """What happened to the others. The same object where nothing is known of the customer."""
    rest = _cut(risk, lambda name: name != customer)
    return risk if rest == risk else rest


def with_facts(risk: ClientRisk, moved: ClientRisk) -> ClientRisk:
    """`risk` with what happened to a customer that came from another client."""
    for fact in _facts(moved):
        risk = with_fact(risk, fact)
    return risk


def is_empty(risk: ClientRisk) -> bool:
    """Whether nothing is known to have happened."""
    return not any(True for _ in _facts(risk))


def _facts(risk: ClientRisk) -> Iterator[RiskFact]:
    for payments in risk.payments:
        yield from payments
    for histories in (risk.subscriptions, risk.customers, risk.methods, risk.disputes, risk.warnings):
        yield from _versions(histories)
    yield from risk.declines


def _versions(histories: Iterable[Iterable[VersionFact]]) -> Iterator[RiskFact]:
    for history in histories:
        yield from history


def _cut(risk: ClientRisk, keeps: Callable[[CustomerId], bool]) -> ClientRisk:
    return replace(
        risk,
        payments=tuple(one for one in risk.payments if keeps(one[0].customer)),
        subscriptions=tuple(one for one in risk.subscriptions if keeps(one[0].content.customer)),
        customers=tuple(one for one in risk.customers if keeps(one[0].content.customer)),
        methods=tuple(one for one in risk.methods if keeps(one[0].content.customer)),
        disputes=tuple(one for one in risk.disputes if keeps(one[0].content.customer)),
        warnings=tuple(one for one in risk.warnings if keeps(one[0].content.customer)),
        declines=tuple(one for one in risk.declines if keeps(one.customer)),
    )
