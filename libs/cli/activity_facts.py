"""What a scenario's objects and events tell of risk, as the mrr service would tell it: read by the same code."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from libs.cli.located import Located
from libs.cli.stripe_facts import StripeObjects, catalogue_of, of_kind
from libs.cli.stripe_faults import FaultsAt
from libs.domain.policy import Policy
from libs.wire.activity import Troubling
from libs.wire.records import InvoiceActivity
from libs.wire.stripe_event import (
    Catalogue,
    customer_of,
    event_activities,
    event_of,
    kind_of,
    snapshot_activities,
)

Activities = tuple[InvoiceActivity | Troubling, ...]


def activities_of(objects: StripeObjects, as_of: datetime, policy: Policy) -> Activities:
    """All activity up to `as_of`. Raises ScenarioError."""
    return tuple(one for one in _all(objects, as_of, policy) if one.occurred_at <= as_of)


def _all(objects: StripeObjects, as_of: datetime, policy: Policy) -> Iterator[InvoiceActivity | Troubling]:
    catalogue = catalogue_of(objects)
    shown = (("customer", objects.customers), ("subscription", objects.subscriptions), ("invoice", objects.invoices))
    for kind, many in shown:
        for one in many:
            with FaultsAt(one):
                yield from snapshot_activities(of_kind(one, kind), as_of, policy, catalogue)
    payers = _payers(objects.events)
    for one in objects.events:
        yield from _happened(one, policy, catalogue, payers)


def _happened(one: Located, policy: Policy, catalogue: Catalogue, payers: Mapping[str, str]) -> Activities:
    event = {"id": f"evt_at_{one.path}", **one.members()}
    with FaultsAt(one):
        item = event_of(event).object
        return event_activities(event, policy, catalogue, _payer(item, payers))


def _payers(events: Iterable[Located]) -> dict[str, str]:
    """Whose charges and payment intents those are that the events name: a dispute names only them."""
    found: dict[str, str] = {}
    for one in events:
        with FaultsAt(one):
            told = event_of({"id": "evt", **one.members()})
        name, customer = told.object.get("id"), customer_of(kind_of(told.type), told.object)
        if isinstance(name, str) and customer is not None:
            found[name] = customer
    return found


def _payer(item: Mapping[str, object], payers: Mapping[str, str]) -> str | None:
    names = (item.get("charge"), item.get("payment_intent"))
    return next((payers[name] for name in names if isinstance(name, str) and name in payers), None)
