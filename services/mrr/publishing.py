"""The mrr service's records, ready to be sent: topic, key, value, headers."""

from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from libs.domain.contribution import Contribution
from libs.domain.identity import ClientId
from libs.runtime.faust_batch import Output
from libs.wire import contribution_codec
from libs.wire.codec import encode, record_key
from libs.wire.headers import cloud_event
from libs.wire.records import ClientRecord, ContributionChanged, Revision
from libs.wire.topics import CLIENT_ACTIVITY, REVENUE_CLIENTS

SERVICE = "mrr"
SOURCE = f"revstream/{SERVICE}"
_fingerprinted = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose record it is."""

    project: str
    client: ClientId
    customer: str
    account: str
    livemode: bool

    def contribution(self, share: Contribution, revision: Revision) -> ContributionChanged:
        """The record of this customer's contribution."""
        origin = contribution_codec.Origin(
            project=self.project,
            client=self.client,
            customer=self.customer,
            account=self.account,
            livemode=self.livemode,
            occurred_at=share.as_of,
            revision=revision,
        )
        return contribution_codec.contribution_changed(share, origin)


def fingerprint(record: ContributionChanged) -> bytes:
    """Equal for contributions that tell a client the same; when they were computed, and why, does not matter."""
    told = record.client, record.deleted, record.first_paid_at, record.subscriptions
    return blake2b(_fingerprinted.encode(told), digest_size=12).digest()


def contribution_output(sender: Sender, record: ContributionChanged) -> Output:
    """A contribution for `client.activity`."""
    revision = record.revision
    event_id = f"{sender.customer}:{revision.epoch}:{revision.offset}:{revision.settings}"
    headers = cloud_event(
        event_id, "client.contribution_changed", SOURCE, record.occurred_at, f"{sender.project}/{sender.client}"
    )
    return CLIENT_ACTIVITY.name, record_key(sender.project, sender.client), encode(record), headers


def client_output(record: ClientRecord) -> Output:
    """A client's present revenue for `revenue.clients`."""
    subject = f"{record.project}/{record.client}"
    event_id = f"{record.client}:{record.revision}"
    headers = cloud_event(event_id, "revenue.client", SOURCE, record.as_of, subject)
    return REVENUE_CLIENTS.name, record_key(record.project, record.client), encode(record), headers
