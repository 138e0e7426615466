"""The reading of Stripe: the only code (apart from the fake) that knows Stripe's field names, in all API versions.

In ingest: `envelope(body)` checks a webhook and gives a `WebhookEvent`; `is_published(event.type)` says whether it goes
on; `to_record(event, origin, catalogue)` and `snapshot_record(object, at, origin, catalogue)` make the record of
`stripe.events`, cut to the allow-list and completed from the `Catalogue`; `key_of` and `headers_of` go with it.
In mrr: `read(record)` gives the domain's facts; `seen(record)` too, and `activities(record, seen, …)` what they tell
of a client's risk.
In simulate and explain: `read_event(event, catalogue)` and `read_snapshot(object, at, catalogue)` do both at once;
`read_previous_subscription(event, catalogue)` tells what was before it.

All of them raise MalformedRecord (of `libs.wire.codec`) and nothing else for odd data.
"""

from libs.wire.stripe_event.activities import activities
from libs.wire.stripe_event.allow_list import Kept, allowed
from libs.wire.stripe_event.catalogue import Catalogue, Entry
from libs.wire.stripe_event.completion import Completion, complete
from libs.wire.stripe_event.cutting import cut_short
from libs.wire.stripe_event.direct import (
    event_activities,
    read_event,
    read_previous_subscription,
    read_snapshot,
    snapshot_activities,
)
from libs.wire.stripe_event.envelope import WebhookEvent, customer_of, envelope, event_of
from libs.wire.stripe_event.kinds import Kind, is_published, kind_of
from libs.wire.stripe_event.publishing import Origin, headers_of, key_of, snapshot_record, to_record
from libs.wire.stripe_event.reading import Seen, read, seen

__all__ = [
    "Catalogue",
    "Completion",
    "Entry",
    "Kept",
    "Kind",
    "Origin",
    "Seen",
    "WebhookEvent",
    "activities",
    "allowed",
    "complete",
    "customer_of",
    "cut_short",
    "envelope",
    "event_activities",
    "event_of",
    "headers_of",
    "is_published",
    "key_of",
    "kind_of",
    "read",
    "read_event",
    "read_previous_subscription",
    "read_snapshot",
    "seen",
    "snapshot_activities",
    "snapshot_record",
    "to_record",
]
