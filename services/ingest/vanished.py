"""Objects that are known but were not listed: asked for by name, and told as ended where Stripe has them no more."""

import json
from datetime import datetime

from libs.stripe_gateway import StripeAccount, StripeMissing
from libs.stripe_gateway.answers import Answer, Json
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Kind


async def as_it_is(reader: StripeAccount, kind: Kind, identifier: str, known: StripeRecord, at: datetime) -> Answer:
    """A subscription or customer as Stripe shows it, or as it must be told where Stripe does not know it: as ended.

    `at` is Stripe's time then. Raises a StripeFault other than StripeMissing.
    """
    try:
        if kind is Kind.SUBSCRIPTION:
            return await reader.subscription(identifier)
        return await reader.customer(identifier)
    except StripeMissing as missing:
        return Answer(_ended(kind, identifier, known, at), at, missing.request_id)


def _ended(kind: Kind, identifier: str, known: StripeRecord, at: datetime) -> Json:
    """A subscription has no mark of deletion: it is canceled at that time."""
    if kind is Kind.CUSTOMER:
        return {"id": identifier, "object": "customer", "deleted": True}
    second = int(at.timestamp())
    last: dict[str, object] = json.loads(bytes(known.object))
    ended = {"status": "canceled", "canceled_at": last.get("canceled_at") or second, "ended_at": second}
    return {**last, "id": identifier, "object": "subscription", **ended}
