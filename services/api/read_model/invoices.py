"""Invoices as they stand, when and with what they were paid, and attempts to collect them that failed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from libs.domain.fact import about_invoice
from libs.domain.invoice import Invoice, InvoiceStatus
from libs.domain.metrics.cells import Cell, Cells, Measure
from libs.wire.stripe_event.payments import paid_at
from services.api.database import Connection
from services.api.read_model.books import Book, Volume
from services.api.read_model.cells import Changes
from services.api.read_model.told import Moment, SumsOf, Told, Where, day_in

COLUMNS = """project, livemode, invoice, customer, subscription, told_at, told_rank, status, currency, amount_due,
    amount_paid, amount_remaining, attempts, next_attempt_at, created_at, due_at, paid_at, paid_first, paid_first_rank,
    paid_when, paid_amount"""
HELD = f"""
SELECT {COLUMNS} FROM unnest($1::text[], $2::bool[], $3::text[]) AS wanted (project, livemode, invoice)
JOIN invoices USING (project, livemode, invoice)
"""  # noqa: S608 – our own words
UPSERT = f"""
INSERT INTO invoices ({COLUMNS})
SELECT * FROM unnest($1::text[], $2::bool[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::smallint[],
    $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::int[], $14::timestamptz[],
    $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::smallint[],
    $20::timestamptz[], $21::bigint[])
ON CONFLICT (project, livemode, invoice) DO UPDATE SET
    customer = excluded.customer, subscription = excluded.subscription, told_at = excluded.told_at,
    told_rank = excluded.told_rank, status = excluded.status, currency = excluded.currency,
    amount_due = excluded.amount_due, amount_paid = excluded.amount_paid,
    amount_remaining = excluded.amount_remaining, attempts = excluded.attempts,
    next_attempt_at = excluded.next_attempt_at, created_at = excluded.created_at, due_at = excluded.due_at,
    paid_at = excluded.paid_at, paid_first = excluded.paid_first, paid_first_rank = excluded.paid_first_rank,
    paid_when = excluded.paid_when, paid_amount = excluded.paid_amount
"""  # noqa: S608
# Each attempt counts from its first telling.
FAILED = """
INSERT INTO failed_payments AS held (project, livemode, invoice, attempt, customer, failed_at, told_at, told_rank)
SELECT DISTINCT ON (project, invoice, attempt) * FROM unnest($1::text[], $2::bool[], $3::text[], $4::int[], $5::text[],
    $6::timestamptz[], $7::timestamptz[], $8::smallint[])
    AS t (project, livemode, invoice, attempt, customer, failed_at, told_at, told_rank)
ORDER BY project, invoice, attempt, told_at, told_rank
ON CONFLICT (project, invoice, attempt) DO UPDATE SET
    failed_at = excluded.failed_at, told_at = excluded.told_at, told_rank = excluded.told_rank
WHERE held.told_at IS NULL OR (excluded.told_at, excluded.told_rank) < (held.told_at, held.told_rank)
"""


@dataclass(frozen=True, slots=True)
class State:
    """An invoice at its latest telling, and what its tellings as paid say: the first one when, the latest how much."""

    where: Where
    moment: Moment
    content: Invoice
    created_at: datetime
    paid_at: datetime | None = None
    paid_first: Moment | None = None
    paid_when: datetime | None = None
    paid_amount: int | None = None

    @property
    def counted_at(self) -> datetime | None:
        """When its payment counts as made."""
        return self.paid_at or self.paid_when


async def write(connection: Connection, told: Sequence[Told], held: Mapping[str, Book], changes: Changes) -> None:
    """Hold each invoice's newest state, its payment, and its failed attempts."""
    tellings = [(each, each.fact.content) for each in told if about_invoice(each.fact)]
    if not tellings:
        return
    before = await _held(connection, {(each.where, str(invoice.id)) for each, invoice in tellings})
    after = dict(before)
    for each, invoice in tellings:
        key = each.where, str(invoice.id)
        after[key] = _with(after.get(key), each, invoice)
    await connection.execute(UPSERT, *_columns([after[key] for key in sorted(after)]))
    for key, state in after.items():
        sums = SumsOf(state.where, held, changes)
        for volume in sums.volumes:
            sums.note(volume, _cells(before.get(key), volume), _cells(state, volume))
    failed = [_attempt(each, invoice) for each, invoice in tellings if _failed(invoice)]
    if failed:
        await connection.execute(FAILED, *_turned(failed))


def _with(state: State | None, each: Told, invoice: Invoice) -> State:
    """The state with one more telling in it, whatever the order in which they come."""
    when = each.fact.at if each.fact.event is not None else invoice.created or each.fact.at
    told = State(each.where, each.moment, invoice, invoice.created or each.fact.at)
    if state is None:
        newest = told
    elif each.moment >= state.moment:
        newest = replace(state, moment=told.moment, content=invoice, created_at=min(state.created_at, told.created_at))
    else:
        newest = state
    newest = replace(newest, paid_at=newest.paid_at or paid_at(each.record))
    if invoice.status is not InvoiceStatus.PAID:
        return newest
    if newest.paid_first is None or each.moment < newest.paid_first:
        newest = replace(newest, paid_first=each.moment, paid_when=when)
    if newest.moment == each.moment or newest.paid_amount is None:
        newest = replace(newest, paid_amount=invoice.amount_paid)
    return newest


def _failed(invoice: Invoice) -> bool:
    return invoice.status is InvoiceStatus.OPEN and invoice.attempt_count > 0


def _attempt(each: Told, invoice: Invoice) -> tuple[object, ...]:
    when = each.fact.at if each.fact.event is not None else invoice.created or each.fact.at
    return (*each.where, invoice.id, invoice.attempt_count, invoice.customer, when, *each.moment)


def _cells(state: State | None, volume: Volume) -> Cells:
    """What was paid, on the day on which it was; and the invoice by its status, on the day on which it was made."""
    if state is None:
        return {}
    it = state.content
    made = Cell(Measure.INVOICES, day_in(state.created_at, volume), currency=it.currency, label=it.status)
    found: Cells = {made: (it.amount_due, 1)}
    if state.counted_at is not None and state.paid_amount:
        found[Cell(Measure.PAID, day_in(state.counted_at, volume), currency=it.currency)] = state.paid_amount, 1
    return found


async def _held(connection: Connection, keys: Iterable[tuple[Where, str]]) -> dict[tuple[Where, str], State]:
    wanted = sorted(keys)
    arguments = _turned([(*where, invoice) for where, invoice in wanted])
    found = {}
    for row in await connection.fetch(HELD, *arguments):
        where = Where(row["project"], row["livemode"])
        first = None if row["paid_first"] is None else Moment(row["paid_first"], row["paid_first_rank"])
        content = Invoice(
            id=row["invoice"],
            customer=row["customer"],
            status=InvoiceStatus(row["status"]),
            currency=row["currency"],
            subscription=row["subscription"],
            amount_due=row["amount_due"],
            amount_paid=row["amount_paid"],
            amount_remaining=row["amount_remaining"],
            attempt_count=row["attempts"],
            next_attempt_at=row["next_attempt_at"],
            due_date=row["due_at"],
        )
        found[where, row["invoice"]] = State(
            where=where,
            moment=Moment(row["told_at"], row["told_rank"]),
            content=content,
            created_at=row["created_at"],
            paid_at=row["paid_at"],
            paid_first=first,
            paid_when=row["paid_when"],
            paid_amount=row["paid_amount"],
        )
    return found


def _columns(states: Sequence[State]) -> list[list[object]]:
    return _turned([_row(state) for state in states])


def _row(state: State) -> tuple[object, ...]:
    it = state.content
    return (
        *state.where,
        it.id,
        it.customer,
        it.subscription,
        *state.moment,
        it.status.value,
        it.currency,
        it.amount_due,
        it.amount_paid,
        it.amount_remaining,
        it.attempt_count,
        it.next_attempt_at,
        state.created_at,
        it.due_date,
        state.paid_at,
        *(state.paid_first or (None, None)),
        state.paid_when,
        state.paid_amount,
    )


def _turned(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
