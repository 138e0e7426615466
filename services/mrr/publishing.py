"""The mrr service's records, ready to be sent: topic, key, value, headers."""

from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from libs.domain.contribution import Contribution
from libs.runtime.faust_batch import Output
from libs.wire import contribution_codec
from libs.wire.codec import encode, record_key
from libs.wire.headers import cloud_event
from libs.wire.movement_codec import ledger_name
from libs.wire.records import ClientRecord, ContributionChanged, MovementRecord, Revision
from libs.wire.topics import CLIENT_ACTIVITY, REVENUE_CLIENTS, REVENUE_MOVEMENTS
from services.mrr.customer_entry import CustomerEntry

SERVICE = "mrr"
SOURCE = f"revstream/{SERVICE}"
_fingerprinted = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose record it is."""

    project: str
    customer: str
    entry: CustomerEntry

    def contribution(self, share: Contribution, revision: Revision) -> ContributionChanged:
        """The record of this customer's contribution to its present client."""
        entry, seen = self.entry, self.entry.glance
        record = contribution_codec.contribution_changed(
            share,
            contribution_codec.Origin(
                project=self.project,
                client=seen.client,
                customer=self.customer,
                account=entry.account,
                livemode=entry.livemode,
                occurred_at=share.as_of,
                revision=revision,
            ),
        )
        return msgspec.structs.replace(
            record,
            matched_by=seen.matched_by,
            conflicts=seen.conflicts,
            email_domain=seen.email.rpartition("@")[2] or None,
            belongings=entry.belongings,
            steps=entry.steps,
            known_from=entry.known_from,
            counting=entry.counted_by,
        )


def departed(record: ContributionChanged, client: str) -> ContributionChanged:
    """What a client is told whose customer left: it adds nothing here any more; its course until then is history."""
    return msgspec.structs.replace(
        record, client=client, left=True, subscriptions=(), conflicts=(), matched_by="nothing"
    )


def fingerprint(record: ContributionChanged) -> bytes:
    """Equal for contributions that tell a client the same; when they were computed, and why, does not matter."""
    told = (
        record.client,
        record.deleted,
        record.first_paid_at,
        record.subscriptions,
        record.matched_by,
        record.conflicts,
        record.email_domain,
        record.belongings,
        record.steps,
        record.known_from,
        record.counting,
    )
    return blake2b(_fingerprinted.encode(told), digest_size=12).digest()


def contribution_output(record: ContributionChanged) -> Output:
    """A contribution for `client.activity`."""
    revision = record.revision
    event_id = f"{record.customer}:{revision.epoch}:{revision.offset}:{revision.settings}"
    subject = f"{record.project}/{record.client}"
    headers = cloud_event(event_id, "client.contribution_changed", SOURCE, record.occurred_at, subject)
    return CLIENT_ACTIVITY.name, client_key(record), encode(record), headers


def client_output(record: ClientRecord) -> Output:
    """A client's present revenue for `revenue.clients`; a tombstone for one whose last customer is another's now."""
    subject = f"{record.project}/{record.client}"
    event_id = f"{record.client}:{record.revision}"
    headers = cloud_event(event_id, "revenue.client", SOURCE, record.as_of, subject)
    return REVENUE_CLIENTS.name, client_key(record), encode(record) if record.members else None, headers


def movement_output(record: MovementRecord) -> Output:
    """An entry of the ledger for `revenue.movements`."""
    subject = f"{record.project}/{record.client}"
    kind = "deleted" if record.deleted else record.kind
    event_id = f"{record.id}:{record.revision}"
    headers = cloud_event(event_id, f"revenue.movement.{kind}", SOURCE, record.occurred_at, subject)
    return REVENUE_MOVEMENTS.name, client_key(record), encode(record), headers


def client_key(record: ContributionChanged | ClientRecord | MovementRecord) -> bytes:
    """The key of a client's records."""
    return record_key(record.project, ledger_name(record.client, record.livemode))
