"""A batch of `churn.signals` in four steps instead of seven: people wait for these, and each step for its turn."""

from collections.abc import Sequence

from libs.wire.topics import CHURN_SIGNALS
from services.api.database import Connection
from services.api.read_model import offsets, signal_news, signals
from services.api.read_model.applying import Batch
from services.api.read_model.offsets import Move, Standing
from services.api.read_model.signal_news import Place
from services.api.read_model.signals import SignalRow
from services.api.stream.log import Logged, renumbered
from services.api.stream.news import Head

# The rows, the offsets and what was told of these signals before: no part sees what another one changes.
# UPSERT has eleven parameters, MOVE four.
TAKE = f"""
WITH written AS ({signals.UPSERT}), moved AS ({renumbered(offsets.MOVE, 11)}),
     held AS ({renumbered(signal_news.HEADS, 15)})
SELECT counted.moved, held.* FROM (SELECT count(*) AS moved FROM moved) AS counted LEFT JOIN held ON true
"""  # noqa: S608 – constants


async def apply_signals(
    connection: Connection, batch: Batch, moves: Sequence[Move], _standing: Standing | None
) -> list[Logged]:
    """What `applying.apply` does with a batch of signals alone. Raises what it raises."""
    rows = [row for _, row in batch.rows.get(CHURN_SIGNALS.name, ())]
    async with connection.transaction():
        heads = await _taken(connection, rows, moves)
        return await signal_news.log_news(connection, rows, heads)


async def _taken(connection: Connection, rows: Sequence[SignalRow], moves: Sequence[Move]) -> dict[Place, Head]:
    places = sorted({signal_news.place_of(row) for row in rows})
    written = signals.columns(signals.newest_of_each(rows))
    found = await connection.fetch(TAKE, *written, *offsets.columns(moves), *signal_news.place_columns(places))
    offsets.require_all(found[0]["moved"], moves)
    return signal_news.heads_in(row for row in found if row["id"] is not None)
