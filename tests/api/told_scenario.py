"""A scenario as the read model gets it: its events and objects on `stripe.events`, what the services make of them."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import orjson

from libs.cli.account import Account, account_of
from libs.cli.history import History, history_of
from libs.cli.located import Located
from libs.cli.scenario import Scenario, read_scenario
from libs.domain.contribution import SubscriptionShare
from libs.domain.money import shown
from libs.wire.contribution_codec import exact_text
from libs.wire.records import ClientRecord, StripeRecord, SubscriptionContribution
from libs.wire.stripe_event import Catalogue, Origin, envelope, snapshot_record, to_record
from services.api.read_model.projection import Delivered
from tests.api.builders import (
    NOW,
    PROJECT,
    client_delivery,
    event_delivery,
    member,
    movement_delivery,
    movement_record,
)

Json = dict[str, object]


def scenario_of(content: Json) -> Scenario:
    """The scenario, which must say its own instant."""
    return read_scenario(content, lambda: NOW)


def deliveries(content: Json) -> list[Delivered]:
    """All records of all topics."""
    scenario = scenario_of(content)
    history = history_of(scenario)
    account = account_of(scenario.facts, scenario.policy, scenario.as_of)
    return [
        *map(event_delivery, _stripe(content, scenario)),
        *(movement_delivery(movement_record(one)) for one in history.movements),
        *map(client_delivery, _clients(account, history)),
    ]


def stripe_records(content: Json) -> list[StripeRecord]:
    """Those of `stripe.events` alone."""
    return list(_stripe(content, scenario_of(content)))


def _stripe(content: Json, scenario: Scenario) -> Iterator[StripeRecord]:
    catalogue, origin = Catalogue(), Origin(PROJECT, "acct_1", livemode=True)
    top = Located("", content)
    for kind in ("coupons", "prices", "discounts"):
        for one in top.at(kind).elements():
            catalogue.learn(one.members())
    for kind in ("customers", "subscriptions", "invoices"):
        for one in top.at(kind).elements():
            whole = {"object": kind[:-1], "livemode": True, **one.members()}
            yield snapshot_record(whole, scenario.as_of, replace(origin, source="snapshot"), catalogue)
    for number, one in enumerate(top.at("events").elements()):
        if one.at("created").instant() <= scenario.as_of:
            event = {"id": f"evt_{number}", "object": "event", "livemode": True, **one.members()}
            yield to_record(envelope(orjson.dumps(event)), origin, catalogue)


def _clients(account: Account, history: History) -> Iterator[ClientRecord]:
    members: dict[str, list[str]] = {}
    for one in account.customers:
        members.setdefault(history.matches[one.id].client, []).append(one.id)
    shares = {str(one.id): one.shares for one in account.customers}
    deleted = {str(one.id) for one in account.customers if one.contribution.deleted}
    for client, customers in members.items():
        every = [share for customer in customers for share in shares[customer]]
        sums: dict[str, Fraction] = {}
        for share in every:
            sums[share.mrr.currency] = sums.get(share.mrr.currency, Fraction(0)) + share.mrr.amount
        yield ClientRecord(
            project=PROJECT,
            client=client,
            livemode=True,
            status="active" if any(sums.values()) else "none",
            mrr_by_currency={code: shown(amount, code) for code, amount in sums.items()},
            exact_by_currency={code: exact_text(amount) for code, amount in sums.items()},
            active_subscriptions=sum(share.mrr.counted for share in every),
            active_subscribers=sum(any(share.mrr.amount > 0 for share in shares[each]) for each in customers),
            customers=tuple(each for each in customers if each not in deleted),
            subscriptions=tuple(share.mrr.subscription for share in every),
            contributions={each: tuple(map(_share, shares[each])) for each in customers},
            as_of=account.as_of,
            revision=1,
            members=tuple(member(each, deleted=each in deleted) for each in customers),
        )


def _share(share: SubscriptionShare) -> SubscriptionContribution:
    mrr = share.mrr
    return SubscriptionContribution(
        subscription=mrr.subscription,
        status=share.status.value,
        currency=mrr.currency,
        exact=exact_text(mrr.amount),
        counted=mrr.counted,
        rule=mrr.rule,
        gaps=mrr.gaps,
    )
