"""Cards and when they expire; kept only of projects that watch it, as no other record says when."""

from collections.abc import Sequence

from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event.payments import CardTold, card_told
from services.api.database import Connection

UPSERT = """
INSERT INTO cards AS held (project, livemode, card, customer, told_at, told_rank, gone, expires_at)
SELECT DISTINCT ON (project, livemode, card) * FROM unnest($1::text[], $2::bool[], $3::text[], $4::text[],
    $5::timestamptz[], $6::smallint[], $7::bool[], $8::timestamptz[])
    AS t (project, livemode, card, customer, told_at, told_rank, gone, expires_at)
ORDER BY project, livemode, card, told_at DESC, told_rank DESC
ON CONFLICT (project, livemode, card) DO UPDATE SET
    customer = excluded.customer, told_at = excluded.told_at, told_rank = excluded.told_rank, gone = excluded.gone,
    expires_at = excluded.expires_at
WHERE (excluded.told_at, excluded.told_rank) >= (held.told_at, held.told_rank)
"""


async def write(connection: Connection, records: Sequence[StripeRecord]) -> None:
    """Hold each card's newest state."""
    told = [(record, card) for record in records if (card := _card(record)) is not None]
    if told:
        rows = [
            (record.project, record.livemode, card.id, card.customer, *_moment(record), card.gone, card.expires_at)
            for record, card in told
        ]
        await connection.execute(UPSERT, *(list(column) for column in zip(*rows, strict=True)))


def _card(record: StripeRecord) -> CardTold | None:
    try:
        return card_told(record)
    except MalformedRecord:
        return None


def _moment(record: StripeRecord) -> tuple[object, int]:
    return record.version.created, record.version.rank
