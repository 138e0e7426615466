"""Customers: whose they are and what each adds, so that totals over them never count one twice, or not at all.

A customer that moves is told of by two records in two partitions. Its row changes only by the record that names it
with the later revision; the totals (kept by triggers, see the migrations) see one change from the old to the new.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from libs.domain.customer import Customer
from libs.domain.identity import CustomerId, own_client
from libs.domain.mapping import CLIENT_KEY
from libs.domain.money import shown
from libs.wire.codec import MalformedRecord
from libs.wire.mail_domains import folded_domain, registrable
from libs.wire.records import ClientMember, ClientRecord, Revision, StripeRecord, SubscriptionContribution
from services.api.database import Connection

SEPARATOR = "\x1f"
UPSERT = """
WITH incoming AS (
    SELECT * FROM unnest($1::text[], $2::bool[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[],
                         $8::text[], $9::bool[], $10::int[], $11::bool[], $12::numeric[])
        AS t (project, livemode, customer, client, mapped, matched_by, conflicts, revision, deleted,
              active_subscriptions, subscribes, mrr)
), written AS (
    INSERT INTO customers AS held (project, livemode, customer, client, mapped, matched_by, conflicts, revision,
                                   deleted, active_subscriptions, subscribes, mrr)
    SELECT project, livemode, customer, client, mapped, matched_by, string_to_array(conflicts, E'\\x1f'),
           string_to_array(revision, ',')::bigint[], deleted, active_subscriptions, subscribes, mrr
    FROM incoming ORDER BY project, livemode, customer
    ON CONFLICT (project, livemode, customer) DO UPDATE SET
        client = excluded.client, mapped = excluded.mapped, matched_by = excluded.matched_by,
        conflicts = excluded.conflicts, revision = excluded.revision, deleted = held.deleted OR excluded.deleted,
        active_subscriptions = excluded.active_subscriptions, subscribes = excluded.subscribes, mrr = excluded.mrr
    WHERE held.revision <= excluded.revision
    RETURNING project, livemode, customer, mapped
), figures AS (
    SELECT t.*, mapped FROM unnest($13::text[], $14::bool[], $15::text[], $16::text[], $17::numeric[], $18::numeric[])
        AS t (project, livemode, customer, currency, exact_num, exact_den)
    JOIN written USING (project, livemode, customer)
), gone AS (
    DELETE FROM customer_mrr AS held USING written
    WHERE held.project = written.project AND held.livemode = written.livemode AND held.customer = written.customer
      AND NOT EXISTS (SELECT FROM figures WHERE figures.project = held.project AND figures.livemode = held.livemode
                                            AND figures.customer = held.customer AND figures.currency = held.currency)
)
INSERT INTO customer_mrr (project, livemode, customer, currency, mapped, exact_num, exact_den)
SELECT project, livemode, customer, currency, mapped, exact_num, exact_den FROM figures
ON CONFLICT (project, livemode, customer, currency) DO UPDATE SET
    mapped = excluded.mapped, exact_num = excluded.exact_num, exact_den = excluded.exact_den
"""
# The newest version of a customer tells its e-mail, and the client that its metadata name.
TELL_PEOPLE = """
UPDATE customers AS held SET names_client = t.names_client, told_at = t.told_at, told_rank = t.told_rank,
    email = t.email, email_domain = t.email_domain, email_registered = t.email_registered
FROM unnest($1::text[], $2::bool[], $3::text[], $4::timestamptz[], $5::smallint[], $6::text[], $7::text[], $8::text[],
            $9::text[])
    AS t (project, livemode, customer, told_at, told_rank, email, email_domain, email_registered, names_client)
WHERE held.project = t.project AND held.livemode = t.livemode AND held.customer = t.customer
  AND (held.told_at IS NULL OR (held.told_at, held.told_rank) <= (t.told_at, t.told_rank))
"""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One customer as a client's record names it, with what it adds."""

    record: ClientRecord
    member: ClientMember
    exact: tuple[tuple[str, Fraction], ...]
    active_subscriptions: int

    @property
    def place(self) -> tuple[str, bool, str]:
        return self.record.project, self.record.livemode, self.member.customer

    @property
    def is_mapped(self) -> bool:
        return self.record.client != own_client(CustomerId(self.member.customer))

    @property
    def subscribes(self) -> bool:
        return any(exact > 0 for _, exact in self.exact)

    @property
    def largest(self) -> Decimal:
        """What lists are sorted by: the greatest of the amounts, as amounts of several currencies don't add up."""
        return max((Decimal(shown(exact, currency)) for currency, exact in self.exact), default=Decimal(0))


def member_rows(record: ClientRecord) -> tuple[MemberRow, ...]:
    """The customers that the record names. Raises MalformedRecord."""
    try:
        return tuple(_member_row(record, member) for member in record.members)
    except (ValueError, ZeroDivisionError, InvalidOperation) as error:
        raise MalformedRecord(f"client {record.client}: a contribution is no fraction: {error}") from error


async def write(connection: Connection, rows: Iterable[MemberRow]) -> None:
    """Hold each customer as its latest revision tells it."""
    latest: dict[tuple[str, bool, str], MemberRow] = {}
    for row in rows:
        held = latest.get(row.place)
        if held is None or row.member.revision >= held.member.revision:
            latest[row.place] = row
    if latest:
        found = list(latest.values())
        await connection.execute(UPSERT, *_columns(found), *_figures(found))


async def tell_people(connection: Connection, rows: Iterable[tuple[StripeRecord, Customer]]) -> None:
    """Hold what connects each customer with a client, as its newest version tells it: by that it is found when the
    directory changes."""
    newest: dict[tuple[str, bool, str], tuple[StripeRecord, Customer]] = {}
    for record, customer in rows:
        place = record.project, record.livemode, customer.id
        if place not in newest or _mark(record) >= _mark(newest[place][0]):
            newest[place] = record, customer
    if newest:
        emails = [_email(customer) for _, customer in newest.values()]
        domains = [None if email is None else folded_domain(email.rpartition("@")[2]) for email in emails]
        marks = [_mark(record) for record, _ in newest.values()]
        places = list(zip(*newest, strict=True))
        await connection.execute(
            TELL_PEOPLE,
            *places,
            [at for at, _ in marks],
            [rank for _, rank in marks],
            emails,
            domains,
            [None if domain is None else registrable(domain) for domain in domains],
            [dict(customer.metadata).get(CLIENT_KEY) for _, customer in newest.values()],
        )


def _email(customer: Customer) -> str | None:
    email = (customer.email or "").strip().casefold()
    return None if customer.deleted or "@" not in email else email


def _mark(record: StripeRecord) -> tuple[datetime, int]:
    return record.version.created, record.version.rank


def _member_row(record: ClientRecord, member: ClientMember) -> MemberRow:
    shares = record.contributions.get(member.customer, ())
    return MemberRow(record, member, _exact(shares), sum(share.counted for share in shares))


def _exact(shares: Iterable[SubscriptionContribution]) -> tuple[tuple[str, Fraction], ...]:
    sums: dict[str, Fraction] = {}
    for share in shares:
        sums[share.currency] = sums.get(share.currency, Fraction(0)) + Fraction(share.exact)
    return tuple(sorted(sums.items()))


def _revision(revision: Revision) -> str:
    """As numbers that PostgreSQL compares one after the other."""
    micros = int(revision.evaluated_at.timestamp()) * 1_000_000 + revision.evaluated_at.microsecond
    return f"{revision.epoch},{revision.offset},{revision.settings},{micros}"


def _columns(rows: Sequence[MemberRow]) -> list[list[object]]:
    return [
        [row.record.project for row in rows],
        [row.record.livemode for row in rows],
        [row.member.customer for row in rows],
        [row.record.client for row in rows],
        [row.is_mapped for row in rows],
        [row.member.matched_by for row in rows],
        [SEPARATOR.join(row.member.conflicts) for row in rows],
        [_revision(row.member.revision) for row in rows],
        [row.member.deleted for row in rows],
        [row.active_subscriptions for row in rows],
        [row.subscribes for row in rows],
        [row.largest for row in rows],
    ]


def _figures(rows: Sequence[MemberRow]) -> list[list[object]]:
    figures = [(row, currency, exact) for row in rows for currency, exact in row.exact]
    return [
        [row.record.project for row, _, _ in figures],
        [row.record.livemode for row, _, _ in figures],
        [row.member.customer for row, _, _ in figures],
        [currency for _, currency, _ in figures],
        [str(exact.numerator) for _, _, exact in figures],
        [str(exact.denominator) for _, _, exact in figures],
    ]
