"""What is published of a client: its present revenue, and whose that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from hashlib import blake2b

import msgspec

from libs.domain.client_state import ClientState
from libs.domain.identity import Currency
from libs.domain.policy import Policy
from libs.wire.contribution_codec import ClientOrigin, client_record, customer_revenue, exact_text
from libs.wire.records import ClientMember, ClientRecord, ContributionChanged

# A client whose customers all belong to others by now is no client any more, whatever its ledger tells.
GONE = b"gone"
_told = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Present:
    """A client as it is now. `contributions` are its customers' latest, by customer, of those who left, too."""

    contributions: tuple[ContributionChanged, ...]
    newest: ContributionChanged
    policy: Policy
    revision: int
    balance: Mapping[Currency, Fraction]
    closed_at: datetime | None


def client_told(present: Present) -> ClientRecord:
    """The record of the client."""
    members = tuple(one for one in present.contributions if not one.left)
    newest = present.newest
    origin = ClientOrigin(
        project=newest.project,
        client=newest.client,
        livemode=newest.livemode,
        revision=present.revision,
        as_of=newest.occurred_at,
    )
    return msgspec.structs.replace(
        client_record(_state(members), present.policy, origin),
        members=tuple(map(_member, members)),
        booked={currency: exact_text(amount) for currency, amount in present.balance.items()},
        books_closed_at=present.closed_at,
    )


def fingerprint(record: ClientRecord) -> bytes:
    """Equal for records that tell readers the same, whenever and by whatever events they came to be."""
    if not record.members:
        return GONE
    told = (
        record.livemode,
        record.status,
        record.exact_by_currency,
        record.active_subscriptions,
        record.active_subscribers,
        record.customers,
        record.contributions,
        record.incomplete,
        record.first_paid_at,
        record.booked,
        record.caused_by,
        [
            (one.customer, one.account, one.matched_by, one.conflicts, one.deleted, one.email_domain, one.belongings)
            for one in record.members
        ],
    )
    return blake2b(_told.encode(told), digest_size=12).digest()


def _state(members: tuple[ContributionChanged, ...]) -> ClientState:
    return ClientState(tuple(map(customer_revenue, members)))


def _member(told: ContributionChanged) -> ClientMember:
    return ClientMember(
        customer=told.customer,
        account=told.account,
        revision=told.revision,
        matched_by=told.matched_by,
        conflicts=told.conflicts,
        deleted=told.deleted,
        email_domain=told.email_domain,
        belongings=told.belongings,
    )
