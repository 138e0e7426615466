"""`stripe.events` → the versions of every object (for explain and audit), customers, failed payment attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from libs.domain.customer import Customer
from libs.domain.invoice import Invoice
from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Kind, kind_of
from libs.wire.stripe_event import read as facts_of
from libs.wire.topics import STRIPE_EVENTS
from services.api.database import Connection
from services.api.read_model.customers import tell_people
from services.api.read_model.erased import without_erased
from services.api.read_model.projection import Delivered, Projection

PAYMENT_FAILED = "invoice.payment_failed"
DIGEST_BYTES = 16

INSERT_VERSIONS = """
INSERT INTO object_versions (project, customer, object_id, created, rank, digest,
                             kind, account, livemode, event_id, source, record)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::smallint[], $6::bytea[],
                     $7::text[], $8::text[], $9::bool[], $10::text[], $11::text[], $12::bytea[])
ON CONFLICT DO NOTHING
"""
# Deleted is for good at Stripe, so any order of deliveries ends in the same row.
UPSERT_CUSTOMERS = """
INSERT INTO customers AS held (project, livemode, customer, deleted)
SELECT * FROM unnest($1::text[], $2::bool[], $3::text[], $4::bool[]) ORDER BY 1, 2, 3
ON CONFLICT (project, livemode, customer) DO UPDATE SET deleted = true WHERE excluded.deleted AND NOT held.deleted
"""
INSERT_FAILED_PAYMENTS = """
INSERT INTO failed_payments AS held (project, livemode, invoice, attempt, customer, failed_at)
SELECT project, livemode, invoice, attempt, min(customer), min(failed_at)
FROM unnest($1::text[], $2::bool[], $3::text[], $4::int[], $5::text[], $6::timestamptz[])
    AS t (project, livemode, invoice, attempt, customer, failed_at)
GROUP BY project, livemode, invoice, attempt
ON CONFLICT (project, invoice, attempt) DO UPDATE SET failed_at = excluded.failed_at
WHERE excluded.failed_at < held.failed_at
"""


class _Identified(msgspec.Struct):
    id: str | None = None


_identified = msgspec.json.Decoder(_Identified)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of an object. `person`: a customer's own version; `failed`: the attempt that failed."""

    record: StripeRecord
    raw: bytes
    object_id: str
    digest: bytes
    person: Customer | None = None
    failed: Invoice | None = None


def read(delivered: Delivered) -> VersionRow:
    """The version in a record. Raises MalformedRecord."""
    if delivered.value is None:
        raise MalformedRecord("StripeRecord: a record without a value")
    record = decode(delivered.value, StripeRecord)
    content = _content(record)
    return VersionRow(
        record=record,
        raw=delivered.value,
        object_id=_object_id(record),
        digest=_digest(record),
        person=content if isinstance(content, Customer) else None,
        failed=content if isinstance(content, Invoice) else None,
    )


async def write(connection: Connection, rows: Sequence[VersionRow]) -> None:
    """Add the versions that are new, and what they say of customers and payments."""
    rows = await without_erased(connection, rows)
    await connection.execute(INSERT_VERSIONS, *_columns(rows))
    customers = _customers(rows)
    if customers:
        places, deleted = list(customers), list(customers.values())
        await connection.execute(UPSERT_CUSTOMERS, *_unzipped(places, 3), deleted)
    await tell_people(connection, ((row.record, row.person) for row in rows if row.person is not None))
    failed = [_failed(row.record, row.failed) for row in rows if row.failed is not None]
    if failed:
        await connection.execute(INSERT_FAILED_PAYMENTS, *_unzipped(failed, 6))


PROJECTION = Projection(STRIPE_EVENTS, read, write)


def _content(record: StripeRecord) -> object:
    """What the rules read in the record, where the tables need it; None elsewhere."""
    if kind_of(record.type) is not Kind.CUSTOMER and record.type != PAYMENT_FAILED:
        return None
    facts = facts_of(record)
    return facts[0].content if facts else None


def _object_id(record: StripeRecord) -> str:
    try:
        return _identified.decode(record.object).id or ""
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRecord(f"{record.event_id or record.type}: the object's id: {error}") from error


def _digest(record: StripeRecord) -> bytes:
    """Equal for repeats of one version, from whichever source; different where anything in it differs."""
    said = (record.event_id, record.type, bytes(record.object), bytes(record.previous_attributes or b""))
    return blake2b(msgspec.msgpack.encode((said, record.incomplete)), digest_size=DIGEST_BYTES).digest()


def _columns(rows: Sequence[VersionRow]) -> list[list[object]]:
    return [
        [row.record.project for row in rows],
        [row.record.customer or "" for row in rows],
        [row.object_id for row in rows],
        [row.record.version.created for row in rows],
        [row.record.version.rank for row in rows],
        [row.digest for row in rows],
        [str(kind_of(row.record.type) or "") for row in rows],
        [row.record.account for row in rows],
        [row.record.livemode for row in rows],
        [row.record.event_id for row in rows],
        [row.record.source for row in rows],
        [row.raw for row in rows],
    ]


def _customers(rows: Sequence[VersionRow]) -> dict[tuple[str, bool, str], bool]:
    """Each customer that the batch names, and whether it is gone."""
    found: dict[tuple[str, bool, str], bool] = {}
    for row in rows:
        if row.record.customer:
            place = row.record.project, row.record.livemode, row.record.customer
            found[place] = found.get(place, False) or (row.person is not None and row.person.deleted)
    return found


def _failed(record: StripeRecord, invoice: Invoice) -> tuple[object, ...]:
    return (
        record.project,
        record.livemode,
        invoice.id,
        invoice.attempt_count,
        invoice.customer,
        record.version.created,
    )


def _unzipped(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[column] for row in rows] for column in range(width)]
