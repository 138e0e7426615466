"""The topics read again from their first record, into temporary tables: nothing of them is held in memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from libs.cli.servers import Owner
from libs.runtime.spans import Spans, batches
from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import ClientRecord, HealthRecord, MovementRecord, Record, SignalRecord, StripeRecord
from libs.wire.topics import CHURN_SIGNALS, CLIENT_HEALTH, REVENUE_CLIENTS, REVENUE_MOVEMENTS, STRIPE_EVENTS

KINDS: Mapping[str, type[Record]] = {
    REVENUE_CLIENTS.name: ClientRecord,
    REVENUE_MOVEMENTS.name: MovementRecord,
    CHURN_SIGNALS.name: SignalRecord,
    CLIENT_HEALTH.name: HealthRecord,
}
TABLES = """
CREATE TEMP TABLE audit_topic (topic text, project text, key text, off bigint, value jsonb);
CREATE TEMP TABLE audit_heard (project text, customer text, object_id text, created timestamptz, rank smallint,
                               event_id text)
"""
INDEX = "CREATE INDEX ON audit_topic (topic, project, key); ANALYZE audit_topic; ANALYZE audit_heard"
AT_ONCE = 5000
# PostgreSQL's text can't hold it: the read model has refused such a record.
REFUSED = b"\\u0000"

Told = Callable[[int, int], None]
Row = tuple[object, ...]


class _Identified(msgspec.Struct):
    id: str | None = None


_identified = msgspec.json.Decoder(_Identified)


@dataclass(frozen=True, slots=True)
class Reading:
    """A consumer on all partitions, the project whose records are wanted (None: all), and who hears how far it is."""

    consumer: AIOKafkaConsumer
    project: str | None
    tell: Told


async def copy_topics(reading: Reading, connection: Owner, wanted: Spans) -> None:
    """Put the records of the spans into the tables, as they come. Raises KafkaError."""
    whole = sum(span.end - span.first for span in wanted.values())
    async for records, missing in batches(reading.consumer, wanted, AT_ONCE):
        await _copy(connection, reading.project, records)
        reading.tell(whole - missing, whole)


async def _copy(connection: Owner, project: str | None, records: Sequence[ConsumerRecord]) -> None:
    heard = [row for each in records if each.topic == STRIPE_EVENTS.name for row in _heard(each, project)]
    told = [row for each in records if each.topic in KINDS for row in _told(each, project)]
    if heard:
        await connection.copy_records_to_table("audit_heard", records=heard)
    if told:
        await connection.copy_records_to_table("audit_topic", records=told)


def _told(record: ConsumerRecord, project: str | None) -> Iterator[Row]:
    """The record's row; none for what the read model has put among the dead letters, too."""
    key = (record.key or b"").decode(errors="replace")
    whose = key.partition("/")[0]
    if project not in (None, whose) or (record.value is not None and not _is_readable(record)):
        return
    yield record.topic, whose, key, record.offset, None if record.value is None else record.value.decode()


def _is_readable(record: ConsumerRecord) -> bool:
    try:
        decode(record.value, KINDS[record.topic])
    except MalformedRecord:
        return False
    return REFUSED not in record.value


def _heard(record: ConsumerRecord, project: str | None) -> Iterable[Row]:
    if record.value is None or not (project is None or (record.key or b"").startswith(f"{project}/".encode())):
        return ()
    try:
        read = decode(record.value, StripeRecord)
        name = _identified.decode(read.object).id or ""
    except (MalformedRecord, msgspec.DecodeError, UnicodeDecodeError):
        return ()
    return ((read.project, read.customer or "", name, read.version.created, read.version.rank, read.event_id),)
