"""The read model's tables hold the newest of each thing, whatever is delivered twice, late or broken."""

import itertools
from datetime import timedelta

import asyncpg
import pytest

from services.api.database import Connection
from services.api.read_model.applying import BY_TOPIC, REFUSED, apply, read_batch, without_refused
from services.api.read_model.offsets import Move, OffsetsMoved, Standing, stored
from services.api.read_model.projection import Delivered
from tests.api.builders import (
    NOW,
    client_delivery,
    client_record,
    delivered,
    event_delivery,
    failed_invoice,
    signal_delivery,
    signal_record,
    stripe_record,
)

TABLES = ("clients", "client_mrr", "customers", "customer_mrr", "object_versions", "failed_payments", "signals")
PARTITION = ("revenue.clients", 0)
FIGURES = "SELECT client, currency, exact_num, exact_den, minor FROM client_mrr ORDER BY client, currency"


async def take(connection: Connection, *records: Delivered) -> None:
    """Write the records without moving offsets."""
    batch = read_batch(records)
    assert batch.letters == []
    async with connection.transaction():
        for topic, rows in batch.rows.items():
            await BY_TOPIC[topic].take(connection, [row for _, row in rows])


async def dump(connection: Connection) -> list[list[str]]:
    """All rows of the read model, and the totals; of these, those that anything is left in."""
    totals = await connection.fetch("SELECT * FROM mrr_totals WHERE n > 0 ORDER BY currency, mapped, den")
    counts = await connection.fetch("SELECT * FROM customer_totals WHERE customers > 0 ORDER BY mapped")
    rows = [sorted(map(str, await connection.fetch(f"SELECT * FROM {table}"))) for table in TABLES]
    return [*rows, [*map(str, totals)], [*map(str, counts)]]


HISTORY = [
    client_delivery(client_record(revision=1)),
    client_delivery(client_record(revision=2, exact={"usd": "24999/3", "eur": "500"})),
    client_delivery(client_record(revision=3, exact={"eur": "700"}, customers=("cus_1", "cus_2"))),
    event_delivery(stripe_record()),
    event_delivery(stripe_record("customer.deleted", event_id="evt_2", rank=5)),
    event_delivery(stripe_record("invoice.payment_failed", failed_invoice(1), event_id="evt_3")),
    signal_delivery(signal_record()),
    signal_delivery(signal_record(status="resolved", minutes=5)),
]


async def test_any_order_and_repeats_end_in_the_same_rows(applier: "asyncpg.Connection[asyncpg.Record]") -> None:
    await take(applier, *HISTORY)
    ordered = await dump(applier)
    for permutation in itertools.islice(itertools.permutations(HISTORY), 1, 40_000, 1_999):
        await applier.execute(f"TRUNCATE {', '.join(TABLES)}")
        for record in permutation:
            await take(applier, record)
        await take(applier, *permutation)
        assert await dump(applier) == ordered


async def test_exact_figures_are_kept_beside_the_rounded_ones(applier: "asyncpg.Connection[asyncpg.Record]") -> None:
    await take(applier, client_delivery(client_record(exact={"usd": "24998/3", "jpy": "7"})))
    assert [tuple(row) for row in await applier.fetch(FIGURES)] == [
        ("customer:cus_1", "jpy", 7, 1, 7),
        ("customer:cus_1", "usd", 24998, 3, 8333),
    ]


async def test_amounts_beyond_64_bits_are_kept(applier: "asyncpg.Connection[asyncpg.Record]") -> None:
    await take(applier, client_delivery(client_record(exact={"usd": str(2**80)})))
    assert await applier.fetchval("SELECT minor FROM client_mrr") == 2**80


async def test_a_currency_that_a_client_no_longer_has_goes(applier: "asyncpg.Connection[asyncpg.Record]") -> None:
    await take(applier, client_delivery(client_record(exact={"usd": "1", "eur": "2"}, revision=1)))
    await take(applier, client_delivery(client_record(exact={"eur": "3"}, revision=2)))
    assert [row["currency"] for row in await applier.fetch(FIGURES)] == ["eur"]


async def test_a_client_of_another_project_is_another_client(applier: "asyncpg.Connection[asyncpg.Record]") -> None:
    mine, theirs = client_record(revision=5), client_record(project="other", revision=1, exact={"usd": "7"})
    await take(applier, client_delivery(mine), client_delivery(theirs))
    assert await applier.fetchval("SELECT array_agg(minor ORDER BY minor) FROM client_mrr") == [7, 1000]


async def test_a_tombstone_removes_the_client(applier: "asyncpg.Connection[asyncpg.Record]") -> None:
    await take(applier, client_delivery(client_record()))
    await take(applier, delivered(None, "revenue.clients", b"acme/customer:cus_1"))
    assert await applier.fetchval("SELECT count(*) FROM clients") == 0
    assert await applier.fetch(FIGURES) == []


GONE_LIVE, GONE_TEST = (
    delivered(None, "revenue.clients", b"acme/big"),
    delivered(None, "revenue.clients", b"acme/big?mode=test"),
)
LIVE = client_delivery(client_record("big", revision=3))
TEST = client_delivery(client_record("big", revision=9, livemode=False))


@pytest.mark.parametrize(
    ("records", "left"),
    [
        pytest.param([LIVE, TEST, GONE_TEST], [True], id="its test customers leave"),
        pytest.param([TEST, GONE_TEST], [], id="it had no others"),
        pytest.param([TEST, GONE_LIVE], [False], id="it never had live ones"),
        pytest.param([LIVE, GONE_LIVE, TEST], [False], id="others come when the live ones left"),
        pytest.param([GONE_LIVE, LIVE], [True], id="it comes back"),
        pytest.param([LIVE, GONE_LIVE], [], id="its last customer leaves"),
    ],
)
async def test_a_client_is_gone_in_the_mode_in_which_its_last_customer_left(
    applier: "asyncpg.Connection[asyncpg.Record]", records: list[Delivered], left: list[bool]
) -> None:
    for record in records:
        await take(applier, record)
    assert [row["livemode"] for row in await applier.fetch("SELECT livemode FROM clients")] == left
    await applier.execute(f"TRUNCATE {', '.join(TABLES)}")
    await take(applier, *records)
    assert [row["livemode"] for row in await applier.fetch("SELECT livemode FROM clients")] == left


async def test_one_failed_attempt_told_by_two_events_counts_once(
    applier: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    again = stripe_record("invoice.payment_failed", failed_invoice(1), event_id="evt_9", at=NOW + timedelta(seconds=1))
    first = stripe_record("invoice.payment_failed", failed_invoice(1), event_id="evt_8")
    second_attempt = stripe_record("invoice.payment_failed", failed_invoice(2), event_id="evt_10")
    await take(applier, *(event_delivery(record) for record in (again, first, second_attempt)))
    rows = await applier.fetch("SELECT attempt, failed_at FROM failed_payments ORDER BY attempt")
    assert [tuple(row) for row in rows] == [(1, NOW), (2, NOW)]


async def test_the_same_event_by_webhook_and_by_poll_is_one_version(
    applier: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await take(applier, event_delivery(stripe_record()), event_delivery(stripe_record(source="events_api")))
    assert await applier.fetchval("SELECT count(*) FROM object_versions") == 1


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(delivered(b"{", "revenue.clients"), "ClientRecord", id="no JSON"),
        pytest.param(delivered(b"[]", "stripe.events"), "StripeRecord", id="another shape"),
        pytest.param(delivered(b"\xff", "churn.signals"), "SignalRecord", id="no UTF-8"),
        pytest.param(delivered(None, "stripe.events"), "without a value", id="an event without a value"),
        pytest.param(delivered(None, "revenue.clients", b"x"), "project/client", id="a tombstone for nobody"),
        pytest.param(client_delivery(client_record(exact={})), None, id="(a client without MRR is fine)"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_reason(record: Delivered, reason: str | None) -> None:
    batch = read_batch([record, client_delivery(client_record())])
    assert batch.good == 1 if reason else 2
    assert all(reason is not None and reason in letter.reason for letter in batch.letters)
    assert len(batch.letters) == (1 if reason else 0)


@pytest.mark.parametrize(
    "client",
    [pytest.param("a\0b", id="U+0000"), pytest.param("".join(map(str, range(9000))), id="too long for an index")],
)
async def test_what_postgresql_refuses_is_singled_out(
    applier: "asyncpg.Connection[asyncpg.Record]", client: str
) -> None:
    poison = client_delivery(client_record(client=client, customers=()))
    batch = read_batch([client_delivery(client_record()), poison])
    with pytest.raises(REFUSED):
        await apply(applier, batch, [], None)
    smaller = await without_refused(applier, batch)
    await apply(applier, smaller, [], None)
    assert [letter.delivered for letter in smaller.letters] == [poison]
    assert await applier.fetchval("SELECT count(*) FROM clients") == 1


async def test_rows_and_offsets_are_written_together_or_not_at_all(
    applier: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await stored(applier, [PARTITION])
    batch = read_batch([client_delivery(client_record())])
    with pytest.raises(OffsetsMoved):
        await apply(applier, batch, [Move(PARTITION, expected=5, reached=6)], None)
    assert await applier.fetchval("SELECT count(*) FROM clients") == 0
    await apply(applier, batch, [Move(PARTITION, expected=0, reached=1)], Standing(NOW, 0))
    assert await stored(applier, [PARTITION]) == {PARTITION: 1}
    assert await applier.fetchval("SELECT as_of FROM read_model_state") == NOW


async def test_a_crash_between_two_batches_repeats_nothing_and_loses_nothing(
    applier: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await stored(applier, [PARTITION])
    records = [client_delivery(client_record(f"customer:cus_{n}", customers=(f"cus_{n}",))) for n in range(4)]
    await apply(applier, read_batch(records[:2]), [Move(PARTITION, 0, 2)], None)
    resumed = (await stored(applier, [PARTITION]))[PARTITION]
    await apply(applier, read_batch(records[resumed:]), [Move(PARTITION, resumed, 4)], None)
    with pytest.raises(OffsetsMoved):
        await apply(applier, read_batch(records[:2]), [Move(PARTITION, 0, 2)], None)
    assert await applier.fetchval("SELECT count(*) FROM clients") == 4


async def test_as_of_never_goes_back(applier: "asyncpg.Connection[asyncpg.Record]") -> None:
    for at in (NOW, NOW - timedelta(minutes=1), None):
        await apply(applier, read_batch([]), [], Standing(at, 3))
    assert await applier.fetchval("SELECT as_of FROM read_model_state") == NOW
