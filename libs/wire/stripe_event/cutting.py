"""A record that is too large for its topic, cut as Stripe cuts its events: the first items, and that there are more."""

import msgspec
import orjson

from libs.wire.records import StripeRecord

KEPT_ITEMS = 10
ITEMS = "items"


def cut_short(record: StripeRecord) -> StripeRecord | None:
    """The record of a subscription with its first items only: its MRR is then told as incomplete, and not left out.

    None for a record that has not more items than that.
    """
    content = orjson.loads(bytes(record.object))
    items = content.get(ITEMS) if isinstance(content, dict) else None
    if not isinstance(items, dict):
        return None
    lines = items.get("data")
    if not isinstance(lines, list) or len(lines) <= KEPT_ITEMS:
        return None
    cut = {**content, ITEMS: {**items, "data": lines[:KEPT_ITEMS], "has_more": True}}
    gaps = tuple(dict.fromkeys((*record.incomplete, ITEMS)))
    return msgspec.structs.replace(record, object=msgspec.Raw(orjson.dumps(cut)), incomplete=gaps)
