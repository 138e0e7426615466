"""`revenue.clients` → clients and their MRR by currency; their customers are the rows of `customers`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from libs.domain.money import round_half_up
from libs.wire.codec import MalformedRecord, decode
from libs.wire.movement_codec import client_of_name, mode_of_name
from libs.wire.records import ClientRecord
from libs.wire.topics import REVENUE_CLIENTS
from services.api.database import Connection
from services.api.read_model import customers
from services.api.read_model.customers import MemberRow, member_rows
from services.api.read_model.projection import Delivered, Projection

# What no id of Stripe's or ours contains: arrays of arrays travel to PostgreSQL as joined text.
SEPARATOR = "\x1f"

# A client whose record is older than the held one is left alone, and so are its figures. One with customers of both
# modes has a record of each: the live one is shown.
UPSERT = """
WITH incoming AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::bool[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                         $8::int[], $9::int[], $10::numeric[], $11::int[], $12::timestamptz[], $13::bytea[])
        AS t (project, client, livemode, revision, status, name, customers,
              active_subscriptions, active_subscribers, mrr, incomplete, as_of, record)
), written AS (
    INSERT INTO clients AS held (project, client, livemode, revision, status, name, search, customers,
                                 active_subscriptions, active_subscribers, mrr, incomplete, as_of, record)
    SELECT project, client, livemode, revision, status, name,
           lower(concat_ws(' ', client, name, replace(customers, E'\\x1f', ' '))), string_to_array(customers, E'\\x1f'),
           active_subscriptions, active_subscribers, mrr, incomplete, as_of, record
    FROM incoming ORDER BY project, client
    ON CONFLICT (project, client) DO UPDATE SET
        livemode = excluded.livemode, revision = excluded.revision, status = excluded.status,
        customers = excluded.customers,
        search = lower(concat_ws(' ', held.client, held.name, array_to_string(excluded.customers, ' '))),
        active_subscriptions = excluded.active_subscriptions, active_subscribers = excluded.active_subscribers,
        mrr = excluded.mrr, incomplete = excluded.incomplete, as_of = excluded.as_of, record = excluded.record
    WHERE (excluded.livemode, excluded.revision) >= (coalesce(held.livemode, false), held.revision)
    RETURNING project, client, livemode
), figures AS (
    SELECT * FROM unnest($14::text[], $15::text[], $16::text[], $17::numeric[], $18::numeric[], $19::numeric[])
        AS t (project, client, currency, exact_num, exact_den, minor)
    JOIN written USING (project, client)
), gone AS (
    DELETE FROM client_mrr AS held USING written
    WHERE held.project = written.project AND held.client = written.client
      AND NOT EXISTS (SELECT FROM figures WHERE figures.project = held.project AND figures.client = held.client
                                            AND figures.currency = held.currency)
)
INSERT INTO client_mrr (project, client, currency, livemode, exact_num, exact_den, minor)
SELECT project, client, currency, livemode, exact_num, exact_den, minor FROM figures
ON CONFLICT (project, client, currency) DO UPDATE SET
    livemode = excluded.livemode, exact_num = excluded.exact_num, exact_den = excluded.exact_den, minor = excluded.minor
"""
# A client of the directory stays listed without its revenue. One with customers of both modes has a record of each:
# that of the other mode stays (`mode` unknown: a client that is a customer has one).
DELETE = """
WITH gone AS (
    SELECT held.project, held.client FROM unnest($1::text[], $2::text[], $3::bool[]) AS t (project, client, livemode)
    JOIN clients AS held USING (project, client)
    WHERE t.livemode IS NULL OR held.livemode IS NULL OR t.livemode = held.livemode
), figures AS (
    DELETE FROM client_mrr AS held USING gone WHERE (held.project, held.client) = (gone.project, gone.client)
), kept AS (
    UPDATE clients AS held SET livemode = NULL, record = NULL, status = 'none', revision = 0,
        customers = '{}', active_subscriptions = 0, active_subscribers = 0, mrr = 0, incomplete = 0
    FROM gone WHERE (held.project, held.client) = (gone.project, gone.client) AND held.listed
)
DELETE FROM clients AS held USING gone
WHERE (held.project, held.client) = (gone.project, gone.client) AND NOT held.listed
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """MRR in one currency: exact monthly minor units, and rounded."""

    currency: str
    exact: Fraction
    minor: int


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client's newest record with its figures taken out. `record` None: the client is gone, in this mode (None: in
    the only one that it had)."""

    project: str
    client: str
    raw: bytes
    record: ClientRecord | None
    livemode: bool | None = None
    figures: tuple[Figure, ...] = ()
    largest: Decimal = Decimal(0)
    members: tuple[MemberRow, ...] = ()


def read(delivered: Delivered) -> ClientRow:
    """The client in a record. Raises MalformedRecord."""
    if delivered.value is None:
        return _tombstone(delivered)
    record = decode(delivered.value, ClientRecord)
    return ClientRow(
        project=record.project,
        client=record.client,
        raw=delivered.value,
        record=record,
        livemode=record.livemode,
        figures=tuple(_figure(record, currency, text) for currency, text in record.exact_by_currency.items()),
        largest=_largest(record),
        members=member_rows(record),
    )


async def write(connection: Connection, rows: Sequence[ClientRow]) -> None:
    """Hold each client's newest record of the batch if it is not older than the one held, and the customers' own."""
    newest = newest_of_each(rows)
    present = [(row, row.record) for row in newest if row.record is not None]
    gone = [row for row in newest if row.record is None]
    if gone:
        names = [row.project for row in gone], [row.client for row in gone]
        await connection.execute(DELETE, *names, [row.livemode for row in gone])
    if present:
        await connection.execute(UPSERT, *_columns(present), *_figure_columns(row for row, _ in present))
    await customers.write(connection, (member for row in rows for member in row.members))


def newest_of_each(rows: Sequence[ClientRow]) -> list[ClientRow]:
    """One row a client: the one with the highest revision, the later delivered of equals. A tombstone takes the place
    of what was delivered before it in its mode, and comes before what is left."""
    newest: dict[tuple[str, str], ClientRow] = {}
    gone: dict[tuple[str, str, bool | None], ClientRow] = {}
    for row in rows:
        place = row.project, row.client
        held = newest.get(place)
        if row.record is None:
            gone[*place, row.livemode] = row
            if held is not None and row.livemode in (None, held.livemode):
                del newest[place]
        elif held is None or held.record is None or _age(row.record) >= _age(held.record):
            newest[place] = row
    return [*gone.values(), *newest.values()]


def _age(record: ClientRecord) -> tuple[bool, int]:
    return record.livemode, record.revision


PROJECTION = Projection(REVENUE_CLIENTS, read, write)


def _tombstone(delivered: Delivered) -> ClientRow:
    project, slash, client = (delivered.key or b"").decode(errors="replace").partition("/")
    if not (slash and client):
        raise MalformedRecord(f"a tombstone with the key {delivered.key!r}: project/client expected")
    return ClientRow(project, client_of_name(client), b"", None, mode_of_name(client))


def _figure(record: ClientRecord, currency: str, text: str) -> Figure:
    try:
        exact = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise MalformedRecord(f"client {record.client}: {text!r} {currency} is no fraction") from error
    return Figure(currency, exact, round_half_up(exact))


def _largest(record: ClientRecord) -> Decimal:
    """What a list of clients is sorted by: the greatest of the shown amounts, as amounts of currencies don't add up."""
    try:
        return max((Decimal(text) for text in record.mrr_by_currency.values()), default=Decimal(0))
    except InvalidOperation as error:
        raise MalformedRecord(f"client {record.client}: an amount in mrr_by_currency is no number") from error


def _members(record: ClientRecord) -> list[str]:
    """All customers that the client ever had: the record lists those that Stripe still has apart."""
    return sorted({*record.customers, *record.contributions})


def _columns(rows: Sequence[tuple[ClientRow, ClientRecord]]) -> list[list[object]]:
    return [
        [row.project for row, _ in rows],
        [row.client for row, _ in rows],
        [record.livemode for _, record in rows],
        [record.revision for _, record in rows],
        [record.status for _, record in rows],
        [record.client for _, record in rows],
        [SEPARATOR.join(_members(record)) for _, record in rows],
        [record.active_subscriptions for _, record in rows],
        [record.active_subscribers for _, record in rows],
        [row.largest for row, _ in rows],
        [len(record.incomplete) for _, record in rows],
        [record.as_of for _, record in rows],
        [row.raw for row, _ in rows],
    ]


def _figure_columns(rows: Iterable[ClientRow]) -> list[list[object]]:
    figures = [(row, figure) for row in rows for figure in row.figures]
    return [
        [row.project for row, _ in figures],
        [row.client for row, _ in figures],
        [figure.currency for _, figure in figures],
        [str(figure.exact.numerator) for _, figure in figures],
        [str(figure.exact.denominator) for _, figure in figures],
        [str(figure.minor) for _, figure in figures],
    ]
