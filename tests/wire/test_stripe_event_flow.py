"""From a webhook's bytes to facts: what ingest and mrr do with one event."""

import orjson

from libs.domain.subscription import Subscription, SubscriptionStatus
from libs.domain.version import Rank
from libs.wire.codec import decode, encode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Catalogue, Origin, envelope, headers_of, key_of, read, to_record
from tests.wire.stripe_objects import event, item, listed, subscription

ORIGIN = Origin(project="prj_1", account="acct_1")


def published(body: bytes) -> StripeRecord:
    return decode(encode(to_record(envelope(body), ORIGIN, Catalogue())), StripeRecord)


def test_a_webhook_body_becomes_one_version_of_the_subscription() -> None:
    before = listed(item(quantity=1))
    body = orjson.dumps(event("customer.subscription.updated", subscription(), {"items": before}))
    (version,) = read(published(body))
    assert isinstance(version.content, Subscription)
    assert version.content.status is SubscriptionStatus.ACTIVE
    assert version.content.items[0].quantity == 2
    assert version.rank is Rank.UPDATE
    assert version.event == "evt_1"
    assert version.previous not in (None, version.digest)


def test_the_record_carries_its_key_and_headers() -> None:
    record = published(orjson.dumps(event("customer.subscription.created", subscription(), account="acct_2")))
    assert key_of(record) == b"prj_1/cus_1"
    headers = dict(headers_of(record))
    assert headers["ce_id"] == b"evt_1"
    assert headers["ce_type"] == b"customer.subscription.created"
    assert headers["ce_source"] == b"stripe/acct_2"
    assert headers["ce_time"] == b"2023-11-14T22:13:20Z"
