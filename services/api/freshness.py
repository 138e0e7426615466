"""As of when the answers are, and how old that is."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.api.database import Connection

STANDING = "SELECT as_of, seen_at, lag FROM read_model_state"


@dataclass(frozen=True, slots=True)
class Freshness:
    """`as_of`: everything on the topics up to then is in the answer; None while that is not known yet."""

    as_of: datetime | None
    seconds: float | None

    def fields(self) -> dict[str, object]:
        """As every answer with figures carries it."""
        return {"as_of": self.as_of, "freshness_seconds": self.seconds}


async def freshness(connection: Connection) -> Freshness:
    """Read in the same transaction as the figures, so that it is theirs."""
    return freshness_at(await connection.fetchval(STANDING), datetime.now(UTC))


def freshness_at(as_of: datetime | None, now: datetime) -> Freshness:
    """How old what is of `as_of` is `now`."""
    if as_of is None:
        return Freshness(None, None)
    return Freshness(as_of, round(max(0.0, (now - as_of).total_seconds()), 3))


async def lag_is_known(connection: Connection, within_seconds: float) -> bool:
    """Whether some process has told the read model's standing lately."""
    row = await connection.fetchrow(STANDING)
    return row is not None and (datetime.now(UTC) - row["seen_at"]).total_seconds() < within_seconds
